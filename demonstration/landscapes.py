"""Outdoor scenes: ground, sky, a backdrop, and what stands about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import pi

import numpy as np

from demonstration import outdoors
from demonstration.palette import darker, develop, foliage, grey, hsv
from demonstration.render import Camera, Light, View
from demonstration.rooms import Builder, built
from demonstration.shapes import Colour, Kit, Paint, Thing

FAR = 400.0
MARK = Paint((0.9, 0.9, 0.85))  # on the road, and part of it
# Object: (builder, chance, most of them, nearest, farthest, turned which way).
Entry = tuple[str, Builder, float, int, tuple[float, float], str]

CONTENTS: dict[str, list[Entry]] = {
    "street": [
        ("car", outdoors.car, 0.9, 4, (6, 18), "along"),
        ("person", outdoors.person, 0.55, 3, (4, 12), "any"),
        ("street lamp", outdoors.street_lamp, 0.55, 2, (7, 22), "front"),
        ("traffic light", outdoors.traffic_light, 0.45, 2, (6, 14), "front"),
        ("tree", outdoors.tree, 0.35, 2, (9, 26), "any"),
        ("bench", outdoors.bench, 0.15, 1, (5, 10), "front"),
        ("umbrella", outdoors.umbrella, 0.1, 2, (6, 12), "any"),
    ],
    "park": [
        ("tree", outdoors.tree, 0.98, 7, (7, 24), "any"),
        ("bench", outdoors.bench, 0.8, 2, (3.6, 7), "front"),
        ("person", outdoors.person, 0.5, 3, (5, 18), "any"),
        ("street lamp", outdoors.street_lamp, 0.4, 2, (7, 20), "front"),
        ("fence", outdoors.fence, 0.12, 2, (9, 16), "front"),
    ],
    "beach": [
        ("umbrella", outdoors.umbrella, 0.9, 4, (4.0, 10), "any"),
        ("person", outdoors.person, 0.55, 4, (5, 13), "any"),
        ("tree", outdoors.palm, 0.45, 3, (6, 14), "any"),
        ("bench", outdoors.bench, 0.12, 1, (5, 9), "front"),
        ("boat", outdoors.boat, 0.25, 1, (6, 11), "any"),
    ],
    "harbour": [
        ("boat", outdoors.boat, 0.98, 6, (8.5, 24), "any"),
        ("street lamp", outdoors.street_lamp, 0.35, 2, (5.5, 7.0), "front"),
        ("person", outdoors.person, 0.4, 2, (4.5, 6.5), "any"),
        ("bench", outdoors.bench, 0.2, 1, (4.5, 6.5), "front"),
        ("car", outdoors.car, 0.12, 1, (5.5, 6.8), "along"),
    ],
    "campsite": [
        ("tent", outdoors.tent, 0.97, 4, (4.5, 12), "any"),
        ("tree", outdoors.conifer, 0.7, 5, (9, 32), "any"),
        ("person", outdoors.person, 0.4, 2, (5, 13), "any"),
        ("car", outdoors.car, 0.2, 1, (9, 18), "any"),
        ("bench", outdoors.bench, 0.15, 1, (5, 9), "front"),
    ],
    "farm": [
        ("barn", outdoors.barn, 0.85, 1, (13, 22), "front"),
        ("cow", outdoors.cow, 0.8, 5, (4, 12), "any"),
        ("fence", outdoors.fence, 0.75, 5, (5, 12), "front"),
        ("tree", outdoors.tree, 0.5, 3, (10, 35), "any"),
        ("person", outdoors.person, 0.2, 1, (6, 13), "any"),
        ("car", outdoors.car, 0.1, 1, (8, 16), "any"),
    ],
}
DAYS: list[tuple[tuple[Colour, Colour], Colour, float]] = [
    (((0.25, 0.48, 0.85), (0.72, 0.84, 0.95)), (1.03, 1.0, 0.95), 0.6),
    (((0.35, 0.58, 0.9), (0.85, 0.9, 0.95)), (1.0, 1.0, 1.0), 0.9),
    (((0.6, 0.65, 0.7), (0.8, 0.82, 0.84)), (0.94, 0.97, 1.0), 0.5),
    (((0.35, 0.4, 0.65), (0.98, 0.72, 0.5)), (1.12, 0.95, 0.8), 0.7),
    (((0.2, 0.25, 0.45), (0.62, 0.5, 0.6)), (0.85, 0.85, 1.0), 0.6),
]


@dataclass
class Land:
    """A landscape being filled; the viewer looks along z from x = 0."""

    kit: Kit
    camera: Camera
    things: list[Thing] = field(default_factory=list)
    taken: list[tuple[float, float, float]] = field(default_factory=list)

    def is_free(self, x: float, z: float, radius: float) -> bool:
        """Whether a circle touches nothing that stands there."""
        return all((x - a) ** 2 + (z - b) ** 2 > (radius + r) ** 2 for a, b, r in self.taken)


def flat(name: str, corners: Sequence[tuple[float, float]], paint: Paint, height: float) -> Thing:
    """Return a piece of ground; a greater height lies upon a lesser."""
    kit = Kit(np.random.default_rng(0))
    kit.sheet([(x, height, z) for x, z in corners], paint)
    return Thing(name, kit.solids, 0, nearer=-9000 + height * 1e5, shadow=False)


def strip(name: str, span: tuple[float, float], paint: Paint, height: float) -> Thing:
    """Return ground from side to side between two distances."""
    near, far = span
    return flat(name, [(-FAR, near), (FAR, near), (FAR, far), (-FAR, far)], paint, height)


def grass(kit: Kit) -> Paint:
    """Return grass: lush, dry or brownish."""
    return Paint(hsv(kit, (0.14, 0.3), kit.between(0.3, 0.6), 0.48), "grass", 3.0)


def mountains(kit: Kit) -> Thing:
    """A jagged backdrop, sometimes with snow above a line."""
    own, x, outline = Kit(kit.rng), -260.0, []
    peak = kit.between(22, 50)
    while x < 260:
        outline.append((x, peak * kit.between(0.25, 1.0)))
        x += kit.between(18, 42)
    paint = Paint(hsv(kit, (0.2, 0.7), 0.25, kit.pick([0.3, 0.45, 0.55])), "rock", 60.0)
    z, snow = 210.0, kit.chance(0.5)
    ridge = [(a, b, z) for a, b in outline]
    own.sheet([(-260, 0, z), *ridge, (260, 0, z)], paint)
    own.level = 1
    for (a, b), (c, d), (e, f) in zip(outline, outline[1:], outline[2:], strict=False):
        if d > b and d > f:
            shade = [(c, d, z - 1), (e, f, z - 1), (c + (e - c) * 0.3, 0, z - 1)]
            own.sheet(shade, darker(paint, 0.72))
            if snow and d > peak * 0.6:
                cap = [(c, d), (c + (e - c) * 0.35, d + (f - d) * 0.35),
                       (c + (e - c) * 0.08, d * 0.82), (c + (a - c) * 0.1, d * 0.86),
                       (c + (a - c) * 0.32, d + (b - d) * 0.32)]  # fmt: skip
                white = Paint((0.95, 0.96, 1.0), "snow", 20)
                own.sheet([(x, y, z - 2) for x, y in cap], white)
    return Thing("mountain", own.solids, 0, nearer=-900, shadow=False)


def treeline(kit: Kit, z: float) -> Thing:
    """A row of distant trees as a ragged band."""
    own, x, outline = Kit(kit.rng), -80.0, []
    high, leaf = kit.between(3.5, 7.0), foliage(kit)
    while x < 80:
        outline.append((x, high * kit.between(0.55, 1.0), z))
        x += kit.between(0.8, 2.4)
    own.sheet([(-80, 0, z), *outline, (80, 0, z)], Paint(leaf, "leaves", 5.0))
    return Thing("tree", own.solids, 0, nearer=-500, shadow=False)


def skyline(land: Land, span: tuple[float, float], rows: int = 1) -> None:
    """A row of buildings across the view, side by side."""
    kit = land.kit
    for _ in range(rows):
        z, x = kit.between(*span), -24.0
        while x < 24:
            thing, extent = built(kit, "building", outdoors.building)
            wide = float(extent[1, 0] - extent[0, 0])
            place = (x + wide / 2, 0, z + float(extent[1, 2]))
            land.things.append(thing.placed(place))
            x += wide + kit.pick([0.0, 0.3, 2.5])


def avenue(land: Land, half: float) -> None:
    """Buildings on both sides of a road that leads away."""
    kit = land.kit
    for side in (-1, 1):
        z = kit.between(3, 8)
        while z < 60:
            thing, extent = built(kit, "building", outdoors.building)
            long = float(extent[1, 0] - extent[0, 0])
            at = (side * (half + float(extent[1, 2])), 0, z + long / 2)
            land.things.append(thing.placed(at, side * pi / 2))
            z += long + kit.pick([0.0, 0.5, 3.0])


def street(land: Land) -> None:
    """A road that leads away or crosses, with buildings, kerbs and lane marks."""
    kit = land.kit
    tarmac = Paint(grey(kit, 0.22, 0.42), "asphalt", 2.0)
    kerb = Paint(grey(kit, 0.45, 0.7), kit.pick(["tiles", "concrete", "stone"]), 2.0)
    land.things.append(strip("pavement", (-2, FAR), kerb, 0.0))
    if kit.chance(0.55):
        half, middle = kit.between(3.0, 4.5), kit.between(-2.5, 2.5)
        land.things.append(patch((middle - half, middle + half), (-2, FAR), tarmac, 0.01))
        for z in np.arange(1, 60, 4.0):
            land.things.append(patch((middle - 0.1, middle + 0.1), (z, z + 2), MARK, 0.02))
        avenue(land, half + kit.between(2.0, 3.5) + abs(middle))
    else:
        near, wide = kit.between(3.5, 5.5), kit.between(6, 9)
        land.things.append(strip("road", (near, near + wide), tarmac, 0.01))
        z = near + wide / 2
        for x in np.arange(-30, 30, 4.0):
            land.things.append(patch((x, x + 2), (z - 0.1, z + 0.1), MARK, 0.02))
        skyline(land, (near + wide + 2, near + wide + 6))


def patch(
    across: tuple[float, float], away: tuple[float, float], paint: Paint, height: float
) -> Thing:
    """Return a rectangle of road: left to right, near to far."""
    (left, right), (near, far) = across, away
    return flat("road", [(left, near), (right, near), (right, far), (left, far)], paint, height)


def park(land: Land) -> None:
    """Grass with a winding path before distant trees, sometimes houses."""
    kit, things = land.kit, land.things
    things.append(strip("grass", (-2, FAR), grass(kit), 0.0))
    if kit.chance(0.7):
        left = right = kit.between(-2, 2)
        path = [
            (left + kit.between(-1, 1) + z * kit.between(-0.05, 0.05), z)
            for z in (-1, 3, 7, 13, 24, 45)
        ]
        paint = Paint(hsv(kit, (0.07, 0.13), 0.25, 0.62), "sand", 2.0)
        edges = [(x - 0.8, z) for x, z in path] + [
            (x + 0.8 + right * 0, z) for x, z in reversed(path)
        ]
        things.append(flat("pavement", edges, paint, 0.01))
    things.append(treeline(kit, kit.between(38, 60)))
    if kit.chance(0.25):
        skyline(land, (62, 75))


def beach(land: Land) -> None:
    """Sand, surf and the sea, sometimes hills or houses."""
    kit, things = land.kit, land.things
    shore = kit.between(13, 20)
    things.append(
        strip("sand", (-2, FAR), Paint(hsv(kit, (0.08, 0.14), 0.33, 0.78), "sand", 2.5), 0.0)
    )
    sea(land, shore)
    things.append(strip("sea", (shore, shore + 0.7), Paint((1.0, 1.0, 1.0), "snow", 3.0), 0.02))
    if kit.chance(0.3):
        things.append(mountains(kit))
    for _ in range(kit.pick([0, 0, 1, 2])):
        sail(land, (shore + 6, shore + 35))


def sea(land: Land, near: float) -> None:
    """Water from a distance to the horizon."""
    kit = land.kit
    paint = Paint(hsv(kit, (0.45, 0.62), kit.between(0.3, 0.65), 0.55), "water", kit.between(5, 9))
    land.things.append(strip("sea", (near, FAR * 2), paint, 0.01))


def sail(land: Land, span: tuple[float, float]) -> None:
    """A boat on the water, anywhere in view."""
    thing, _ = built(land.kit, "boat", outdoors.boat)
    z = land.kit.between(*span)
    x = land.kit.between(-0.5, 0.5) * z / land.camera.focal
    land.things.append(thing.placed((x, 0, z), land.kit.between(-pi, pi)))


def harbour(land: Land) -> None:
    """A quay before water with boats; houses or hills behind."""
    kit, things = land.kit, land.things
    quay = Paint(grey(kit, 0.35, 0.65), kit.pick(["stone", "concrete", "planks"]), 2.0)
    things.append(strip("pavement", (-2, FAR), quay, 0.0))
    sea(land, kit.between(7.2, 8.2))
    if kit.chance(0.5):
        things.append(mountains(kit))
    if kit.chance(0.45):
        skyline(land, (55, 75))


def campsite(land: Land) -> None:
    """A meadow below mountains or a forest."""
    kit, things = land.kit, land.things
    things.append(strip("grass", (-2, FAR), grass(kit), 0.0))
    if kit.chance(0.7):
        things.append(mountains(kit))
    if kit.chance(0.6):
        things.append(treeline(kit, kit.between(36, 60)))


def farm(land: Land) -> None:
    """Fields, sometimes a track, hills or trees behind."""
    kit, things = land.kit, land.things
    things.append(strip("grass", (-2, FAR), grass(kit), 0.0))
    if kit.chance(0.4):
        near = kit.between(18, 30)
        things.append(strip("grass", (near, near + 30), grass(kit), 0.01))
    if kit.chance(0.35):
        things.append(mountains(kit))
    if kit.chance(0.5):
        things.append(treeline(kit, kit.between(45, 70)))


GROUNDS = {"street": street, "park": park, "beach": beach, "harbour": harbour,
           "campsite": campsite, "farm": farm}  # fmt: skip


def _turn(kit: Kit, turned: str) -> float:
    """Return a turn: any, facing the viewer, or along the axes as traffic is."""
    if turned == "any":
        return kit.between(-pi, pi)
    axis = kit.pick([0, pi, pi / 2, -pi / 2]) if turned == "along" else 0.0
    return axis + kit.between(-0.4, 0.4) * (0.5 if turned == "along" else 1.2)


def scatter(land: Land, entry: Entry) -> None:
    """Put some of one kind of object about the view, where there is room."""
    name, builder, _, most, span, turned = entry
    kit = land.kit
    for _ in range(1 + int(kit.rng.integers(most))):
        thing, extent = built(kit, name, builder)
        radius = float(np.abs(extent[:, [0, 2]]).max()) * 0.8
        for _ in range(6):
            z = kit.between(*span)
            x = kit.between(-0.48, 0.48) * z / land.camera.focal
            if land.is_free(x, z, radius):
                land.taken.append((x, z, radius))
                land.things.append(thing.placed((x, 0, z), _turn(kit, turned)))
                break


def outdoor(scene: str, rng: np.random.Generator) -> View:
    """Compose a landscape of one scene under a random sky."""
    kit = Kit(rng)
    camera = Camera(
        (0, kit.between(1.5, 2.6), 0),
        kit.between(-0.12, 0.12),
        kit.between(0.8, 1.1),
        kit.between(0.38, 0.55),
    )
    land = Land(kit, camera)
    GROUNDS[scene](land)
    for entry in CONTENTS[scene]:
        if kit.chance(entry[2]):
            scatter(land, entry)
    sky, tint, clouds = kit.pick(DAYS)
    side, up = kit.between(-1, 1), kit.between(0.5, 1.2)
    light = Light(
        at=(side * 4000, up * 4000, -kit.between(0.1, 1.0) * 4000), strength=kit.between(0.45, 0.8),
        ambient=kit.between(0.4, 0.55), tint=tint, shadow=kit.between(0.3, 0.5),
        haze=kit.between(120, 400), sky=sky, clouds=clouds * kit.between(0.4, 1.2),
    )  # fmt: skip
    return View(scene, land.things, camera, light, develop=develop(kit))
