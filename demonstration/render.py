"""The painter: turns placed things into a shaded, textured picture and its exact class mask.

Faces are drawn far to near into a canvas of face numbers at twice the size; everything else is
then computed per pixel from the face's plane: depth, texture coordinates, light. So the mask is
exact by construction: a pixel's class is the class of the face that was drawn there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import cos, hypot, sin

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from demonstration.shapes import Colour, Points, Solid, Thing, Vector
from demonstration.textures import INDEX, SIDE, textures

NEAR = 0.12  # metres: what is nearer than this to the camera is cut off
Pixels = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Camera:
    """Where the viewer stands: metres, radians; focal length in picture widths."""

    at: Vector
    yaw: float
    focal: float
    horizon: float  # where eye level lies, as a share of the height from the top


@dataclass(frozen=True)
class Light:
    """One lamp or sun, what is left where it does not reach, and the air."""

    at: Vector
    strength: float
    ambient: float
    reach: float = 1e9  # metres at which the lamp has half its strength
    tint: Colour = (1.0, 1.0, 1.0)
    shadow: float = 0.45
    haze: float = 1e9  # metres at which two thirds are haze
    sky: tuple[Colour, Colour] = ((0.4, 0.6, 0.9), (0.8, 0.85, 0.9))  # zenith, horizon
    clouds: float = 0.6


@dataclass(frozen=True)
class Development:
    """How the picture is taken."""

    gain: float = 1.0  # exposure
    saturation: float = 1.0
    lift: float = 0.0  # how grey black is, as through haze or old film
    noise: float = 0.01


@dataclass
class View:
    """A scene ready to be drawn."""

    scene: str
    things: list[Thing]
    camera: Camera
    light: Light
    develop: Development


@dataclass
class Faces:
    """All faces in drawing order, in camera coordinates; face 0 is the sky."""

    points: Points  # (points, 3)
    corners: list[tuple[int, ...]]
    table: Pixels  # (14, faces): normal, plane, two axes with offsets, colour
    material: npt.NDArray[np.int64]
    span: Pixels
    label: npt.NDArray[np.uint8]
    ground: npt.NDArray[np.bool_]
    visible: npt.NDArray[np.bool_]
    casts: npt.NDArray[np.bool_]


def to_camera(points: Points, camera: Camera) -> Points:
    """Return world points as the camera sees them: x right, y up, z ahead."""
    x, y, z = (points - np.array(camera.at)).T
    c, s = cos(camera.yaw), sin(camera.yaw)
    return np.stack([x * c - z * s, y, x * s + z * c], axis=1)  # (points, 3)


def in_order(things: Sequence[Thing], camera: Camera) -> Iterator[tuple[Thing, Solid]]:
    """Yield solids far to near: shell, flat things, wall things, then by distance and level."""
    eye_x, _, eye_z = camera.at

    def distance(solid: Solid) -> float:
        x, _, z = solid.middle
        return hypot(x - eye_x, z - eye_z)

    def thing_key(thing: Thing) -> tuple[int, float]:
        away = sum(map(distance, thing.solids)) / len(thing.solids)
        return thing.layer, thing.nearer - away

    for thing in sorted(things, key=thing_key):
        for solid in sorted(thing.solids, key=lambda s: (s.level, -distance(s))):
            yield thing, solid


@dataclass
class _Lists:
    """Columns gathered while walking through the solids."""

    points: list[Points] = field(default_factory=list)
    corners: list[tuple[int, ...]] = field(default_factory=list)
    middles: list[Vector] = field(default_factory=list)
    flat: list[bool] = field(default_factory=list)
    colour: list[Colour] = field(default_factory=list)
    material: list[int] = field(default_factory=list)
    span: list[float] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    layer: list[int] = field(default_factory=list)
    casts: list[bool] = field(default_factory=list)


def _walk(view: View, classes: dict[str, int]) -> _Lists:
    """Gather every face of the view, in drawing order."""
    out, start = _Lists(), 0
    for thing, solid in in_order(view.things, view.camera):
        label, middle = classes[thing.name], solid.middle
        for face, paint in zip(solid.faces, solid.paints, strict=True):
            out.corners.append(tuple(start + corner for corner in face))
            out.middles.append(middle)
            out.colour.append(paint.colour)
            out.material.append(INDEX[paint.material])
            out.span.append(paint.span)
        count = len(solid.faces)
        out.flat += [solid.flat] * count
        out.label += [label] * count
        out.layer += [thing.layer] * count
        out.casts += [thing.shadow and thing.layer == 3] * count
        out.points.append(solid.points)
        start += len(solid.points)
    return out


def faces_of(view: View, classes: dict[str, int]) -> Faces:
    """Compute the plane and the texture axes of every face; the sky is face 0."""
    lists = _walk(view, classes)
    points = to_camera(np.concatenate(lists.points), view.camera)
    middles = to_camera(np.array(lists.middles), view.camera)
    first = points[[face[0] for face in lists.corners]]  # (faces, 3)
    along = points[[face[1] for face in lists.corners]] - first
    normal = np.cross(along, points[[face[2] for face in lists.corners]] - first)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    flat = np.array(lists.flat)
    # Solids are convex, so their faces look away from their middle; a flat face looks at us.
    outward = np.where(flat[:, None], -first, first - middles)
    normal *= np.where((normal * outward).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-12
    across = np.cross(normal, along)
    # Texture runs upright on walls, whichever way the face was wound.
    across *= np.where(across[:, 1:2] < 0, -1.0, 1.0)
    plane = (normal * first).sum(axis=1)
    columns = [normal, plane[:, None], along, (along * first).sum(axis=1)[:, None]]
    columns += [across, (across * first).sum(axis=1)[:, None], np.array(lists.colour)]
    table = np.concatenate(columns, axis=1)  # (faces, 15)
    sky = np.zeros((1, 15))
    sky[0, 2:4] = [1.0, 900.0]
    layers = np.array(lists.layer)
    return Faces(
        points=points,
        corners=[(), *lists.corners],
        table=np.concatenate([sky, table]).T.astype(np.float32).copy(),
        material=np.array([0, *lists.material]),
        span=np.array([1.0, *lists.span], np.float32),
        label=np.array([classes["sky"], *lists.label], np.uint8),
        ground=np.concatenate([[False], (layers <= 1) & (np.abs(normal[:, 1]) > 0.9)]),
        visible=np.concatenate([[False], flat | (plane < -1e-9)]),
        casts=np.array([False, *lists.casts]),
    )


def _clip(corners: list[Vector]) -> list[Vector]:
    """Cut a polygon off at the near plane."""
    kept: list[Vector] = []
    for here, there in zip(corners, corners[1:] + corners[:1], strict=True):
        if here[2] >= NEAR:
            kept.append(here)
        if (here[2] >= NEAR) != (there[2] >= NEAR):
            share = (NEAR - here[2]) / (there[2] - here[2])
            x, y = (here[i] + share * (there[i] - here[i]) for i in (0, 1))
            kept.append((x, y, NEAR))
    return kept


def _polygons(
    points: Points, corners: list[tuple[int, ...]], chosen: npt.NDArray[np.bool_], camera: Camera
) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    """Yield the number and the outline, in picture widths, of each chosen face in view."""
    z = np.maximum(points[:, 2], NEAR)
    flat = np.stack([0.5 + camera.focal * points[:, 0] / z, camera.horizon
                     - camera.focal * points[:, 1] / z], axis=1)  # fmt: skip
    shown = [(x, y) for x, y in flat.tolist()]
    ahead = (points[:, 2] > NEAR).tolist()
    for number in np.flatnonzero(chosen).tolist():
        face = corners[number]
        if all(ahead[corner] for corner in face):
            yield number, [shown[corner] for corner in face]
        elif any(ahead[corner] for corner in face):
            cut = _clip([(x, y, z) for x, y, z in points[list(face)].tolist()])
            f = camera.focal
            yield number, [(0.5 + f * x / z, camera.horizon - f * y / z) for x, y, z in cut]


def _canvas(faces: Faces, camera: Camera, side: int) -> npt.NDArray[np.int32]:
    """Draw the face numbers: (side, side)."""
    canvas = Image.new("I", (side, side), 0)
    draw = ImageDraw.Draw(canvas)
    for number, outline in _polygons(faces.points, faces.corners, faces.visible, camera):
        if len(outline) > 2:
            draw.polygon([(x * side - 0.5, y * side - 0.5) for x, y in outline], fill=number)
    return np.asarray(canvas)


def _shadow(faces: Faces, view: View, side: int) -> Pixels:
    """Draw where the light is kept from the ground, softly: (side, side), 0 to 1."""
    canvas = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(canvas)
    lamp = to_camera(np.array([view.light.at]), view.camera)[0]
    ground = -view.camera.at[1]
    height = np.maximum(lamp[1] - faces.points[:, 1], 0.3)  # below the lamp
    share = (lamp[1] - ground) / height
    fallen = lamp + (faces.points - lamp) * share[:, None]
    fallen[:, 1] = ground
    for _, outline in _polygons(fallen, faces.corners, faces.casts, view.camera):
        if len(outline) > 2:
            draw.polygon([(x * side, y * side) for x, y in outline], fill=255)
    soft = canvas.filter(ImageFilter.GaussianBlur(side / 70))
    return np.asarray(soft, np.float32) / 255


def _sky(view: View, rays: Pixels) -> Pixels:
    """Return the colour of the sky along rays (2, rays): a gradient with clouds."""
    up = np.clip(rays[1], 0.004, 1.5)
    zenith, horizon = (np.array(colour, np.float32) for colour in view.light.sky)
    share = np.clip(up / 0.55, 0, 1) ** 0.7
    colour = horizon + (zenith - horizon) * share[:, None]  # (rays, 3)
    u = ((rays[0] / (up + 0.08) * 60 + view.camera.yaw * 80).astype(int)) % SIDE
    v = ((1 / (up + 0.08) * 60 + view.camera.at[0] * 37).astype(int)) % SIDE
    cover = textures()[INDEX["clouds"], v, u, :1] * view.light.clouds
    bright = np.maximum(horizon.max(), 0.75)
    cover = cover * np.clip(up / 0.08, 0, 1)[:, None]
    seen: Pixels = colour + (bright * 1.05 - colour) * cover
    return seen


def _rays(camera: Camera, places: npt.NDArray[np.int64], side: int) -> Pixels:
    """Return the direction of places of a (side, side) canvas for a depth of one: (2, places)."""
    y, x = np.divmod(places, side)
    across = ((x + 0.5) / side - 0.5) / camera.focal
    return np.stack([across, (camera.horizon - (y + 0.5) / side) / camera.focal]).astype(np.float32)


def _colours(faces: Faces, view: View, numbers: npt.NDArray[np.int32]) -> Pixels:
    """Colour the picture from the canvas of face numbers: (side / 2, side / 2, 3).

    Inside a face one sample a pixel will do; only pixels on an edge need all four.
    """
    side = len(numbers)
    size = side // 2
    four = numbers.reshape(size, 2, size, 2).transpose(0, 2, 1, 3).reshape(-1, 4)  # (pixels, 4)
    whole = (four == four[:, :1]).all(axis=1)
    inside, edge = np.flatnonzero(whole), np.flatnonzero(~whole)
    rays = [_rays(view.camera, inside, size)]
    corner = edge // size * (4 * size) + edge % size * 2  # of the upper left quarter
    rays += [_rays(view.camera, corner + step, side) for step in (0, 1, side, side + 1)]
    number = np.concatenate([four[inside, 0], four[edge].T.ravel()])
    colour = _shade(faces, view, number, np.concatenate(rays, axis=1))
    picture = np.empty((size * size, 3), np.float32)
    picture[inside] = colour[: len(inside)]
    picture[edge] = colour[len(inside) :].reshape(4, -1, 3).mean(axis=0)
    return picture.reshape(size, size, 3)


def _shade(faces: Faces, view: View, number: npt.NDArray[np.int32], rays: Pixels) -> Pixels:
    """Colour samples from their faces' planes, textures and the light: (samples, 3)."""
    x, y = rays
    values = faces.table[:, number]  # (15, samples)
    nx, ny, nz, plane = values[:4]
    # At a plane's own horizon the division has no meaning: any large depth will do.
    facing = nx * x + ny * y + nz
    depth = np.clip(np.abs(plane / np.where(np.abs(facing) < 1e-4, 1e-4, facing)), NEAR, 2000)
    u = depth * (values[4] * x + values[5] * y + values[6]) - values[7]
    v = depth * (values[8] * x + values[9] * y + values[10]) - values[11]
    span = faces.span[number]
    place = (v / span * SIDE).astype(np.int64) % SIDE * SIDE
    place += (u / span * SIDE).astype(np.int64) % SIDE
    place += faces.material[number] * (SIDE * SIDE)
    factor = textures().reshape(-1, 3)[place]  # (pixels, 3)
    # Far away a texture is finer than a pixel: fade it instead of letting it flicker.
    fade = 1 / (1 + (depth / (8 * span)) ** 2)
    colour: Pixels = values[12:15].T * (1 + (factor - 1) * fade[:, None])
    colour *= _lit(view, rays, depth, values[:3])[:, None]
    if view.light.haze < 1e8:
        share = 1 - np.exp(-depth / view.light.haze)
        colour += (np.array(view.light.sky[1], np.float32) - colour) * share[:, None]
    sky = number == 0
    if sky.any():
        colour[sky] = _sky(view, rays[:, sky])
    return colour


def _lit(view: View, rays: Pixels, depth: Pixels, normal: Pixels) -> Pixels:
    """Return how much light each pixel's surface gets: (pixels,)."""
    light = view.light
    lamp = to_camera(np.array([light.at]), view.camera)[0].astype(np.float32)
    towards = np.stack([lamp[0] - depth * rays[0], lamp[1] - depth * rays[1], lamp[2] - depth])
    far = np.sqrt((towards**2).sum(axis=0)) + 1e-6
    facing = np.maximum((towards * normal).sum(axis=0) / far, 0)
    # A little from above everywhere, so that tops differ from sides in the shade too.
    ambient = light.ambient * (0.9 + 0.2 * np.abs(normal[1]) + 0.1 * normal[1])
    lit: Pixels = ambient + light.strength * facing / (1 + (far / light.reach) ** 2)
    return lit


@dataclass(frozen=True)
class Drawing:
    """A view drawn but not yet coloured: enough to tell what is to be seen."""

    view: View
    faces: Faces
    numbers: npt.NDArray[np.int32]  # (2 * size, 2 * size): which face lies at each quarter pixel

    @property
    def front(self) -> npt.NDArray[np.int32]:
        """The face at the quarter next to each pixel's middle: (size, size)."""
        return self.numbers[1::2, 1::2]

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """The class of every pixel: (size, size)."""
        return self.faces.label[self.front]


def draw(view: View, size: int, classes: dict[str, int]) -> Drawing:
    """Draw the outlines of everything in a view, far to near."""
    faces = faces_of(view, classes)
    return Drawing(view, faces, _canvas(faces, view.camera, 2 * size))


def colour_in(drawing: Drawing, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the picture of a drawing, (size, size, 3): materials, light, shadows, noise."""
    view, size = drawing.view, len(drawing.front)
    colour = _colours(drawing.faces, view, drawing.numbers)
    receives = drawing.faces.ground[drawing.front]
    shadow = _shadow(drawing.faces, view, size) * receives * np.float32(view.light.shadow)
    colour *= (1 - shadow)[..., None]
    colour *= np.array(view.light.tint, np.float32) * np.float32(view.develop.gain)
    grey = colour.mean(axis=2, keepdims=True)
    colour = grey + (colour - grey) * np.float32(view.develop.saturation)
    colour = np.float32(view.develop.lift) + np.float32(1 - view.develop.lift) * colour
    colour += np.float32(view.develop.noise) * rng.standard_normal((size, size, 3), np.float32)
    # A camera's shoulder: bright places saturate softly instead of being cut off.
    bright = colour > 0.8
    colour[bright] = 0.8 + 0.2 * np.tanh((colour[bright] - 0.8) / 0.2)
    picture: npt.NDArray[np.uint8] = (np.clip(colour, 0, 1) * 255 + 0.5).astype(np.uint8)
    return picture
