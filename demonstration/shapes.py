"""Solids with painted faces, and the kit from which every object of the world is built."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from math import cos, pi, sin
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
Points = npt.NDArray[np.float64]
Colour = tuple[float, float, float]
Vector = tuple[float, float, float]
Faces = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Paint:
    """How a face looks: its colour (0 to 1), its material and the metres one texture tile spans."""

    colour: Colour
    material: str = "plain"
    span: float = 1.0


@dataclass
class Solid:
    """A convex body, or one flat face. Metres; x right, y up, z away from the viewer."""

    points: Points  # (points, 3)
    faces: Faces
    paints: list[Paint]  # one for each face
    level: int = 0  # what stands upon something else is drawn after it

    @cached_property
    def middle(self) -> Vector:
        """The mean of its points."""
        x, y, z = (self.points.sum(axis=0) / len(self.points)).tolist()
        return x, y, z

    @property
    def flat(self) -> bool:
        """Whether it is a single face, seen from both sides."""
        return len(self.faces) == 1


@dataclass
class Thing:
    """One object of the world, placed: solids in world coordinates and its class."""

    name: str
    solids: list[Solid]
    layer: int = 3  # 0 shell and ground, 1 flat on the ground, 2 on a wall, 3 standing
    nearer: float = 0.0  # metres by which it is drawn as if nearer (it stands upon another)
    shadow: bool = True

    def placed(self, at: Vector, yaw: float = 0.0, scale: float = 1.0) -> "Thing":
        """Return it turned by ``yaw`` radians about the vertical, scaled, and moved to ``at``."""
        turn = np.array([[cos(yaw), 0, -sin(yaw)], [0, 1, 0], [sin(yaw), 0, cos(yaw)]]) * scale
        solids = [
            Solid(solid.points @ turn + np.array(at), solid.faces, solid.paints, solid.level)
            for solid in self.solids
        ]
        return Thing(self.name, solids, self.layer, self.nearer, self.shadow)


BOX_FACES: Faces = (
    (0, 1, 2, 3),
    (4, 5, 6, 7),
    (0, 1, 5, 4),
    (3, 2, 6, 7),
    (0, 3, 7, 4),
    (1, 2, 6, 5),
)


@cache
def _box() -> Points:
    """Corners of a box one metre wide, high and deep, its bottom's middle at the origin."""
    corners = [
        (x, y, z) for z in (-0.5, 0.5) for x, y in ((-0.5, 0), (0.5, 0), (0.5, 1), (-0.5, 1))
    ]
    return np.array(corners, float)


@cache
def _ring(sides: int) -> Points:
    """Points of a unit circle in the ground plane."""
    angles = np.arange(sides) * 2 * pi / sides
    return np.stack([np.cos(angles), np.zeros(sides), np.sin(angles)], axis=1)  # (sides, 3)


@cache
def _tube_faces(sides: int, rings: int) -> Faces:
    """Faces between successive rings, and the two ends."""
    around = [(side, (side + 1) % sides) for side in range(sides)]
    walls = [
        (low * sides + a, low * sides + b, high * sides + b, high * sides + a)
        for low, high in pairwise(range(rings))
        for a, b in around
    ]
    last = (rings - 1) * sides
    ends = [tuple(range(sides)), tuple(range(last, last + sides))]
    return tuple(walls + ends)


@dataclass
class Kit:
    """Gathers the solids of one object; ``rng`` gives it its own shape and colours."""

    rng: np.random.Generator
    solids: list[Solid] = field(default_factory=list)
    level: int = 0

    def between(self, low: float, high: float) -> float:
        """Return a number drawn evenly between two bounds."""
        return float(low + (high - low) * self.rng.random())

    def chance(self, share: float) -> bool:
        """Return yes with this probability."""
        return bool(self.rng.random() < share)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.rng.random() * len(options))]

    def add(self, points: Points, faces: Faces, paint: Paint, at: Vector) -> Solid:
        """Add a solid of one paint."""
        solid = Solid(points + np.array(at), faces, [paint] * len(faces), self.level)
        self.solids.append(solid)
        return solid

    def box(self, size: Vector, at: Vector, paint: Paint, top: Paint | None = None) -> None:
        """Add a box: ``at`` is the middle of its bottom."""
        solid = self.add(_box() * np.array(size), BOX_FACES, paint, at)
        if top:
            solid.paints[3] = top

    def tube(self, size: Vector, at: Vector, paint: Paint, sides: int = 10) -> None:
        """Add a cylinder or cone: ``size`` is radius below, height, radius above."""
        below, height, above = size
        ring = _ring(sides)
        points = np.concatenate([ring * max(below, 1e-3), ring * max(above, 1e-3)])
        points[sides:, 1] = height
        self.add(points, _tube_faces(sides, 2), paint, at)

    def ball(self, radii: Vector, at: Vector, paint: Paint, sides: int = 9) -> None:
        """Add an ellipsoid: ``at`` is its middle."""
        heights = np.array([-0.95, -0.6, 0.0, 0.6, 0.95])
        rings = [_ring(sides) * np.sqrt(1 - h * h) + np.array([0, h, 0]) for h in heights]
        points = np.concatenate(rings) * np.array(radii)
        self.add(points, _tube_faces(sides, len(heights)), paint, at)

    def slab(
        self, outline: Sequence[tuple[float, float]], depth: float, at: Vector, paint: Paint
    ) -> None:
        """Add an outline (x, y) drawn out along z, centred at ``at``."""
        count = len(outline)
        front = np.array([(x, y, -depth / 2) for x, y in outline], float)
        points = np.concatenate([front, front + np.array([0, 0, depth])])
        sides = tuple(
            (a, (a + 1) % count, (a + 1) % count + count, a + count) for a in range(count)
        )
        caps = (tuple(range(count)), tuple(range(count, 2 * count)))
        self.add(points, sides + caps, paint, at)

    def ridge(
        self, outline: Sequence[tuple[float, float]], length: float, at: Vector, paint: Paint
    ) -> None:
        """Add an outline (z, y) drawn out along x, as a roof is."""
        self.slab(outline, length, (0, 0, 0), paint)
        solid = self.solids[-1]
        solid.points = solid.points[:, [2, 1, 0]] + np.array(at)

    def panel(self, size: tuple[float, float], at: Vector, paint: Paint) -> None:
        """Add an upright rectangle facing the viewer: ``at`` is the middle of its lower edge."""
        width, height = size
        corners = [(-width / 2, 0, 0), (width / 2, 0, 0), (width / 2, height, 0)]
        self.add(np.array([*corners, (-width / 2, height, 0)], float), ((0, 1, 2, 3),), paint, at)

    def sheet(self, corners: Sequence[Vector], paint: Paint) -> None:
        """Add one flat face of any outline."""
        self.add(np.array(corners, float), (tuple(range(len(corners))),), paint, (0, 0, 0))
