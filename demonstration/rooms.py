"""Indoor scenes: a room, what stands along its walls, hangs there, and stands upon other things."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import pi

import numpy as np

from demonstration import furniture
from demonstration.palette import darker, develop, dye, hsv, pale, wood
from demonstration.render import Camera, Light, View
from demonstration.shapes import Colour, Kit, Paint, Thing, Vector

Builder = Callable[[Kit], None]
Rectangle = tuple[float, float, float, float]  # x0, z0, x1, z1

BUILDERS: dict[str, Builder] = {
    name: getattr(furniture, name.replace(" ", "_"))
    for name in ("bed", "window", "painting", "mirror", "stove", "fridge", "cabinet", "sink",
                 "table", "chair", "sofa", "television", "bookcase", "desk", "plant", "bathtub",
                 "toilet")
}  # fmt: skip
HUNG = {"window", "painting", "mirror"}
FREE = {"table", "chair"}

# How often each object is tried, scene by scene. Only a few are found in one scene alone.
CONTENTS: dict[str, dict[str, float]] = {
    "bedroom": {"bed": 0.98, "lamp": 0.6, "window": 0.6, "painting": 0.5, "mirror": 0.25,
                "chair": 0.25, "plant": 0.2, "bookcase": 0.2, "television": 0.1, "cabinet": 0.2},
    "kitchen": {"stove": 0.9, "fridge": 0.8, "cabinet": 0.9, "sink": 0.6, "window": 0.5,
                "table": 0.55, "chair": 0.6, "plant": 0.2, "painting": 0.15},
    "bathroom": {"bathtub": 0.75, "toilet": 0.8, "sink": 0.8, "mirror": 0.75, "window": 0.35,
                 "plant": 0.25, "cabinet": 0.25},
    "living room": {"sofa": 0.97, "television": 0.65, "table": 0.5, "lamp": 0.45, "window": 0.6,
                    "painting": 0.55, "bookcase": 0.35, "plant": 0.45, "chair": 0.2},
    "office": {"desk": 0.98, "monitor": 0.95, "chair": 0.75, "bookcase": 0.6, "window": 0.5,
               "plant": 0.4, "painting": 0.3, "lamp": 0.25, "cabinet": 0.2},
}  # fmt: skip


@dataclass
class Room:
    """A box with the floor at y = 0; the back wall lies at z = depth, the viewer near z = 0."""

    kit: Kit
    wide: float
    deep: float
    high: float
    eye: Vector
    things: list[Thing] = field(default_factory=list)
    taken: list[Rectangle] = field(default_factory=list)
    hung: list[tuple[int, float, float]] = field(default_factory=list)

    def is_free(self, spot: Rectangle) -> bool:
        """Whether nothing stands there and the viewer is not in the way."""
        x0, z0, x1, z1 = spot
        near = np.hypot(max(x0 - self.eye[0], 0, self.eye[0] - x1),
                        max(z0 - self.eye[2], 0, self.eye[2] - z1))  # fmt: skip
        inside = x0 >= -self.wide / 2 and x1 <= self.wide / 2 and z1 <= self.deep
        apart = all(x1 <= a or c <= x0 or z1 <= b or d <= z0 for a, b, c, d in self.taken)
        return bool(inside and apart and near > 0.9)


def built(kit: Kit, name: str, builder: Builder) -> tuple[Thing, np.ndarray]:
    """Build an object: itself, and its extent as rows low, high of x, y, z."""
    own = Kit(kit.rng)
    builder(own)
    points = np.concatenate([solid.points for solid in own.solids])
    return Thing(name, own.solids), np.array([points.min(axis=0), points.max(axis=0)])


def _along(
    room: Room, wall: int, extent: np.ndarray, share: float
) -> tuple[Vector, float, Rectangle]:
    """Return place, turn and footprint of a thing at a wall (0 back, 1 left, 2 right)."""
    (left, _, front), (right, _, back) = extent
    half, gap = (right - left) / 2, back + 0.02
    reach = max(room.wide if wall == 0 else room.deep, 2 * half + 0.02)
    along = half + share * (reach - 2 * half)
    thick = back - front
    if wall == 0:
        x = along - room.wide / 2
        return (x, 0, room.deep - gap), 0.0, (x - half, room.deep - thick, x + half, room.deep)
    edge = room.wide / 2
    # Only the far part of a side wall is in view.
    along = half + 0.9 + share * max(room.deep - 0.9 - 2 * half, 0.02)
    if wall == 1:
        return (-edge + gap, 0, along), -pi / 2, (-edge, along - half, -edge + thick, along + half)
    return (edge - gap, 0, along), pi / 2, (edge - thick, along - half, edge, along + half)


def _wall(kit: Kit) -> int:
    return kit.pick([0, 0, 0, 1, 2])


def stand(room: Room, name: str, builder: Builder) -> Thing | None:
    """Put an object with its back to a wall, where there is room."""
    thing, extent = built(room.kit, name, builder)
    for _ in range(10):
        at, yaw, spot = _along(room, _wall(room.kit), extent, room.kit.between(0, 1))
        if room.is_free(spot):
            room.taken.append(spot)
            room.things.append(thing.placed(at, yaw + room.kit.between(-0.04, 0.04)))
            return room.things[-1]
    return None


def put_free(room: Room, name: str, builder: Builder) -> None:
    """Put an object anywhere on the floor, turned any way."""
    thing, extent = built(room.kit, name, builder)
    reach = float(np.abs(extent[:, [0, 2]]).max()) * 1.05
    for _ in range(10):
        x = room.kit.between(-0.5, 0.5) * (room.wide - 2 * reach)
        z = room.kit.between(1.5, max(room.deep - reach, 1.6))
        spot = (x - reach, z - reach, x + reach, z + reach)
        if room.is_free(spot):
            room.taken.append(spot)
            room.things.append(thing.placed((x, 0, z), room.kit.between(-pi, pi)))
            return


def hang(room: Room, name: str, builder: Builder) -> None:
    """Hang an object on a wall, beside what hangs there."""
    thing, extent = built(room.kit, name, builder)
    thing.layer = 2
    half = float(extent[1, 0] - extent[0, 0]) / 2
    for _ in range(10):
        wall = _wall(room.kit)
        at, yaw, _ = _along(room, wall, extent, room.kit.between(0, 1))
        middle = at[0] if wall == 0 else at[2]
        if all(w != wall or high <= middle - half or middle + half <= low
               for w, low, high in room.hung):  # fmt: skip
            room.hung.append((wall, middle - half, middle + half))
            top = room.high - 0.15 - float(extent[1, 1])
            lift = min(top, room.kit.between(0.85, 1.35))
            room.things.append(thing.placed((at[0], lift, at[2]), yaw))
            return


def put_upon(room: Room, base: Thing | None, name: str, builder: Builder) -> None:
    """Put an object on top of another, turned as that one is."""
    if base is None:
        return
    thing, _ = built(room.kit, name, builder)
    thing.nearer, thing.shadow = 0.7, False
    points = np.concatenate([solid.points for solid in base.solids])
    heights = points[:, 1].round(2)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    slide = room.kit.between(-0.15, 0.15)
    extent = points.max(axis=0) - points.min(axis=0)
    yaw = 0.0 if extent[0] >= extent[2] else (-pi / 2 if middle[0] < 0 else pi / 2)
    at = (
        middle[0] + slide * extent[0],
        float(heights.max()),
        middle[2] + slide * extent[2] * abs(np.sign(yaw)),
    )
    room.things.append(thing.placed(at, yaw + room.kit.between(-0.2, 0.2)))


def bedside(kit: Kit) -> None:
    """A small table for a lamp."""
    high, paint = kit.between(0.45, 0.6), wood(kit)
    kit.box((0.45, high, 0.4), (0, 0, 0), paint)
    kit.level = 1
    kit.panel((0.36, high * 0.35), (0, high * 0.5, -0.21), darker(paint, 0.75))


def light_up(room: Room) -> None:
    """Add a lamp: on a small table or a cupboard, or a tall one on the floor."""
    if room.kit.chance(0.4):
        stand(room, "lamp", furniture.floor_lamp)
    else:
        put_upon(room, stand(room, "table", bedside), "lamp", furniture.lamp)


def furnish(room: Room, contents: dict[str, float]) -> None:
    """Fill the room by the chances of its scene, the big things first."""
    for name, share in contents.items():
        if room.kit.chance(share):
            bring(room, name)


def bring(room: Room, name: str) -> None:
    """Bring one kind of object into the room, where and as often as is usual."""
    if name == "lamp":
        light_up(room)
    elif name == "monitor":
        desks = [thing for thing in room.things if thing.name == "desk"]
        put_upon(room, desks[0] if desks else None, name, furniture.monitor)
    elif name in HUNG:
        for _ in range(room.kit.pick([1, 1, 2])):
            hang(room, name, BUILDERS[name])
    elif name in FREE:
        for _ in range(room.kit.pick([1, 2, 3]) if name == "chair" else 1):
            put_free(room, name, BUILDERS[name])
    else:
        stand(room, name, BUILDERS[name])


def faded(colour: Colour) -> Colour:
    """Return the colour half-way to its own grey, as large surfaces have it."""
    r, g, b = colour
    tone = 0.2 + 0.6 * (r + g + b) / 3
    return (tone + 0.35 * (r - tone), tone + 0.35 * (g - tone), tone + 0.35 * (b - tone))


def shell(room: Room) -> list[Thing]:
    """Walls, floor, ceiling, skirting boards and sometimes a rug, the same in every scene."""
    kit, x, z, y = room.kit, room.wide / 2, room.deep, room.high
    wall = Paint(pale(kit), kit.pick(["plaster", "plaster", "plain", "tiles", "brick"]), 2.0)
    walls, floor, above = Kit(kit.rng), Kit(kit.rng), Kit(kit.rng)
    walls.sheet([(-x, 0, z), (x, 0, z), (x, y, z), (-x, y, z)], wall)
    walls.sheet([(-x, 0, z), (-x, 0, -1), (-x, y, -1), (-x, y, z)], darker(wall, 0.93))
    walls.sheet([(x, 0, z), (x, 0, -1), (x, y, -1), (x, y, z)], darker(wall, 0.97))
    skirting = darker(wall, kit.pick([0.7, 1.25]))
    walls.level = 1
    for corners in (((-x, z), (x, z)), ((-x, z), (-x, -1)), ((x, z), (x, -1))):
        (a, b), (c, d) = corners
        inward = 0.995
        walls.sheet([(a * inward, 0, b * inward), (c * inward, 0, d), (c * inward, 0.1, d),
                     (a * inward, 0.1, b * inward)], skirting)  # fmt: skip
    material = kit.pick(["planks", "planks", "tiles", "carpet", "stone", "concrete"])
    colour = (
        hsv(kit, (0.05, 0.11), 0.45, kit.pick([0.35, 0.55, 0.7]))
        if material == "planks"
        else dye(kit)
    )
    ground = Paint(faded(colour), material, kit.between(1.2, 2.4))
    floor.sheet([(-x, 0, -1), (x, 0, -1), (x, 0, z), (-x, 0, z)], ground)
    above.sheet(
        [(-x, y, -1), (x, y, -1), (x, y, z), (-x, y, z)], Paint((0.9, 0.9, 0.88), "plaster")
    )
    things = [
        Thing("wall", walls.solids, 0),
        Thing("floor", floor.solids, 0),
        Thing("ceiling", above.solids, 0),
    ]
    if kit.chance(0.35):
        things.append(rug(room))
    return things


def rug(room: Room) -> Thing:
    """A rug belongs to the floor: it is flat, and found in any room."""
    kit, own = room.kit, Kit(room.kit.rng)
    w, d, mid = kit.between(0.6, 1.1), kit.between(0.5, 0.9), room.deep * 0.55
    paint = Paint(
        dye(kit), kit.pick(["stripes", "checks", "dots", "carpet"]), kit.between(0.6, 1.2)
    )
    own.sheet(
        [(-w, 0.003, mid - d), (w, 0.003, mid - d), (w, 0.003, mid + d), (-w, 0.003, mid + d)],
        paint,
    )
    return Thing("floor", own.solids, 1)


def indoor(scene: str, rng: np.random.Generator) -> View:
    """Compose a room of one scene, seen from a random corner of its front half."""
    kit = Kit(rng)
    wide, deep, high = kit.between(3.2, 4.6), kit.between(2.9, 4.2), kit.between(2.35, 2.8)
    eye = (kit.between(-0.3, 0.3) * wide, kit.between(1.35, 1.8), kit.between(-0.5, 0.1))
    room = Room(kit, wide, deep, high, eye)
    things = shell(room)
    furnish(room, CONTENTS[scene])
    # Look at the middle of the room, more or less.
    yaw = float(np.arctan2(-eye[0], deep * 0.8)) + kit.between(-0.25, 0.25)
    camera = Camera(eye, yaw, kit.between(0.75, 1.0), kit.between(0.28, 0.42))
    warm = kit.between(-0.09, 0.12)
    light = Light(
        at=(kit.between(-0.35, 0.35) * wide, high - 0.25, deep * kit.between(0.2, 0.5)),
        strength=kit.between(0.6, 1.0), ambient=kit.between(0.35, 0.55), reach=kit.between(3, 6),
        tint=(1 + warm, 1.0, 1 - warm), shadow=kit.between(0.3, 0.5),
    )  # fmt: skip
    return View(scene, things + room.things, camera, light, develop=develop(kit))
