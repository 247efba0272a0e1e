"""What stands under the sky. Each builder fills a kit: front towards −z, ground at y = 0."""

from math import cos, pi, sin

import numpy as np

from demonstration.palette import black, cloth, darker, dye, foliage, grey, hsv, metal, pale, wood
from demonstration.shapes import Colour, Kit, Paint


def building(kit: Kit) -> None:
    """A block of flats or a house: windows, a door, a flat or a pitched roof."""
    wide, deep = kit.between(5, 9), kit.between(5, 8)
    storeys = kit.pick([2, 3, 4, 5, 7])
    high = storeys * 2.8
    wall = Paint(pale(kit) if kit.chance(0.6) else hsv(kit, (0, 0.1), 0.5, 0.55),
                 kit.pick(["brick", "plaster", "concrete"]), 2.0)  # fmt: skip
    kit.box((wide, high, deep), (0, 0, 0), wall)
    if storeys <= 3 and kit.chance(0.7):
        roof = [(-deep / 2 - 0.3, high), (deep / 2 + 0.3, high), (0, high + kit.between(1.5, 2.5))]
        kit.ridge(roof, wide + 0.4, (0, 0, 0), Paint(hsv(kit, (0, 0.1), 0.5, 0.45), "shingles", 3))
    kit.level = 1
    _front(kit, (wide, deep), storeys)


def _front(kit: Kit, size: tuple[float, float], storeys: int) -> None:
    """Windows in rows on the front and both sides, and a door or shop front below."""
    wide, deep = size
    frame = Paint(grey(kit, 0.75, 0.98))
    columns = int(wide / kit.between(1.7, 2.4))
    glass = Paint(kit.pick([(0.25, 0.3, 0.4), (0.45, 0.55, 0.65), (0.2, 0.22, 0.25)]), "picture", 9)
    lit = Paint((1.1, 0.9, 0.5))
    wide_pane, high_pane = wide / columns * kit.between(0.45, 0.65), kit.between(1.3, 1.7)
    # A tall house's windows are painted on: as faces they would cost too much.
    if storeys > 4:
        kit.panel(
            (wide, storeys * 2.8 - 3.2),
            (0, 2.9, -deep / 2 - 0.02),
            Paint(frame.colour, "facade", 14.0),
        )
    for storey in range(storeys if storeys <= 4 else 1):
        for column in range(columns):
            x, y = wide * ((column + 0.5) / columns - 0.5), storey * 2.8 + 0.8
            paint = lit if kit.chance(0.08) else glass
            kit.panel((wide_pane + 0.2, high_pane + 0.2), (x, y - 0.1, -deep / 2 - 0.02), frame)
            kit.panel((wide_pane, high_pane), (x, y, -deep / 2 - 0.04), paint)
    for side in (-1, 1):
        corners = [(side * (wide / 2 + 0.02), y, z) for y, z in
                   ((0.4, -deep / 2), (0.4, deep / 2), (storeys * 2.8 - 0.2, deep / 2),
                    (storeys * 2.8 - 0.2, -deep / 2))]  # fmt: skip
        tone = darker(Paint(grey(kit, 0.8, 1.0)), 0.8).colour
        kit.sheet(corners, Paint(tone, "facade", 14.0))
    kit.level = 2
    door = Paint(dye(kit), "wood", 2)
    kit.panel(
        (kit.between(1.0, 1.4), 2.2), (kit.between(-0.25, 0.25) * wide, 0, -deep / 2 - 0.06), door
    )


def car(kit: Kit) -> None:
    """Body, cabin with windows, wheels and lights; it drives along x."""
    paint, glass = Paint(dye(kit), "plain"), Paint(grey(kit, 0.2, 0.6), "glass", 3)
    long, wide = kit.between(3.6, 4.6), 1.7
    h = long / 2
    body = [(-h, 0.35), (h, 0.35), (h, 0.75), (h * 0.9, 0.88), (-h * 0.95, 0.92), (-h, 0.7)]
    kit.slab(body, wide, (0, 0, 0), paint)
    back, front = kit.between(0.55, 0.9), kit.between(0.2, 0.45)
    roof = kit.between(1.38, 1.6)
    cabin = [
        (-h * back, 0.88),
        (h * (front + 0.15), 0.88),
        (h * front * 0.5, roof),
        (-h * back * 0.8, roof),
    ]
    kit.level = 1
    kit.slab(cabin, wide * 0.86, (0, 0, 0), paint)
    kit.level = 2
    for z in (-wide * 0.435, wide * 0.435):
        pane = [(x * 0.9 - 0.03, 0.93 + (y - 0.88) * 0.82, z) for x, y in cabin]
        kit.sheet(pane, glass)
    low, high = h * (front + 0.14), h * front * 0.55 + 0.05
    screen = [(low, 0.92, -0.62), (low, 0.92, 0.62), (high, roof - 0.06, 0.55)]
    kit.sheet([*screen, (high, roof - 0.06, -0.55)], glass)
    tyre, hub = Paint(black(kit)), Paint((0.65, 0.65, 0.68), "metal")
    for x in (-h * 0.62, h * 0.62):
        for z in (-wide / 2 - 0.01, wide / 2 + 0.01):
            ring = [
                (x + 0.34 * cos(a * pi / 6), 0.34 + 0.34 * sin(a * pi / 6), z) for a in range(12)
            ]
            kit.sheet(ring, tyre)
            inner = [(x + (p[0] - x) * 0.55, 0.34 + (p[1] - 0.34) * 0.55, z * 1.01) for p in ring]
            kit.sheet(inner, hub)
    for x, light in ((h + 0.01, (1.2, 1.15, 0.9)), (-h - 0.01, (0.9, 0.1, 0.08))):
        for z in (-0.6, 0.6):
            kit.sheet(
                [(x, 0.6, z - 0.15), (x, 0.6, z + 0.15), (x, 0.74, z + 0.15), (x, 0.74, z - 0.15)],
                Paint(light),
            )


def traffic_light(kit: Kit) -> None:
    """A post with three round lamps, one lit."""
    post, high = Paint(grey(kit, 0.15, 0.5), "metal"), kit.between(2.4, 3.2)
    kit.tube((0.07, high, 0.07), (0, 0, 0), post, sides=7)
    kit.level = 1
    kit.box((0.4, 1.1, 0.3), (0, high - 0.2, 0), Paint(black(kit)))
    kit.level = 2
    lit = kit.pick([0, 1, 2])
    colours: list[Colour] = [(0.1, 1.2, 0.3), (1.3, 0.85, 0.1), (1.3, 0.12, 0.1)]
    for number, colour in enumerate(colours):
        paint = Paint(colour) if number == lit else darker(Paint(colour), 0.22)
        y = high + 0.0 + number * 0.34
        ring = [(0.13 * cos(a * pi / 5), y + 0.13 * sin(a * pi / 5), -0.17) for a in range(10)]
        kit.sheet(ring, paint)


def street_lamp(kit: Kit) -> None:
    """A tall post with one or two arms."""
    post, high = Paint(grey(kit, 0.1, 0.5), "metal"), kit.between(3.6, 5.0)
    kit.tube((0.1, high, 0.05), (0, 0, 0), post, sides=7)
    kit.level = 1
    if kit.chance(0.5):
        for side in kit.pick([(1,), (-1,), (-1, 1)]):
            kit.box((0.9, 0.06, 0.06), (side * 0.45, high - 0.05, 0), post)
            kit.box((0.4, 0.12, 0.2), (side * 0.9, high - 0.12, 0), Paint((1.2, 1.1, 0.8)))
    else:
        kit.ball((0.24, 0.26, 0.24), (0, high + 0.2, 0), Paint((1.2, 1.15, 1.0)), sides=8)


def person(kit: Kit) -> None:
    """Legs, coat, arms and head, standing or walking."""
    skin = Paint(hsv(kit, (0.04, 0.09), 0.45, kit.pick([0.35, 0.55, 0.8])))
    coat, trousers = cloth(kit), Paint(dye(kit), "fabric")
    stride, tall = kit.between(0, 0.16), kit.between(1.5, 1.85)
    leg = tall * 0.46
    for side in (-1, 1):
        kit.tube((0.07, leg, 0.09), (side * 0.1, 0, side * stride), trousers, sides=7)
    kit.level = 1
    kit.tube((0.2, tall * 0.36, 0.16), (0, leg - 0.04, 0), coat, sides=8)
    for side in (-1, 1):
        kit.tube(
            (0.05, tall * 0.34, 0.06), (side * 0.25, leg + 0.02, -side * stride), coat, sides=6
        )
    kit.level = 2
    kit.ball((0.11, 0.14, 0.12), (0, tall - 0.14, 0), skin, sides=8)
    hair = Paint(hsv(kit, (0.02, 0.12), 0.5, kit.pick([0.12, 0.3, 0.6])))
    kit.level = 3
    kit.ball((0.12, 0.08, 0.13), (0, tall - 0.05, 0.03), hair, sides=8)


def tree(kit: Kit) -> None:
    """Broad-leaved, conifer or palm."""
    kind = kit.rng.random()
    if kind < 0.55:
        _broadleaf(kit)
    else:
        conifer(kit)


def _bark(kit: Kit) -> Paint:
    """Return bark, brown or grey."""
    return Paint(hsv(kit, (0.05, 0.1), kit.between(0.15, 0.5), 0.35), "wood", 0.8)


def _broadleaf(kit: Kit) -> None:
    """A trunk with a crown of leafy balls."""
    trunk, leaf = kit.between(1.3, 2.4), foliage(kit)
    crown = kit.between(1.5, 2.6)
    kit.tube((kit.between(0.14, 0.28), trunk + crown * 0.5, 0.1), (0, 0, 0), _bark(kit), sides=8)
    kit.level = 1
    for _ in range(kit.pick([5, 6, 7])):
        r = crown * kit.between(0.42, 0.68)
        at = (kit.between(-0.6, 0.6) * crown, trunk + crown * kit.between(0.35, 1.1),
              kit.between(-0.6, 0.6) * crown)  # fmt: skip
        tone = darker(Paint(leaf), kit.between(0.8, 1.2)).colour
        kit.ball((r, r * 0.85, r), at, Paint(tone, "leaves", 1.6), sides=9)


def conifer(kit: Kit) -> None:
    """A trunk with three or four cones."""
    leaf, radius = foliage(kit), kit.between(1.1, 1.8)
    kit.tube((0.16, 1.2, 0.14), (0, 0, 0), _bark(kit), sides=7)
    tiers = kit.pick([3, 4, 4])
    for tier in range(tiers):
        kit.level = tier + 1
        r = radius * (1 - tier / (tiers + 0.6))
        tone = darker(Paint(leaf), 0.85 + 0.1 * tier).colour
        kit.tube((r, radius * 1.15, r * 0.1), (0, 0.6 + tier * radius * 0.72, 0),
                 Paint(tone, "leaves", 1.2), sides=9)  # fmt: skip


def palm(kit: Kit) -> None:
    """A leaning stem with drooping fronds."""
    lean, high = kit.between(-0.8, 0.8), kit.between(3.0, 4.6)
    bark, leaf = _bark(kit), foliage(kit)
    for piece in range(5):
        share, after = piece / 5, (piece + 1) / 5
        x, after_x = lean * share**2, lean * after**2
        y, after_y = high * share, high * after
        below = [(x - 0.13, y, 0), (x + 0.13, y, 0)]
        above = [(after_x + 0.11, after_y, 0), (after_x - 0.11, after_y, 0)]
        kit.sheet([*below, *above], darker(bark, 1.0 if piece % 2 else 0.85))
    kit.level = 1
    for frond in range(9):
        angle = frond * 2 * pi / 9 + kit.between(-0.2, 0.2)
        reach, droop = kit.between(1.3, 1.9), kit.between(0.3, 1.0)
        dx, dz = cos(angle) * reach, sin(angle) * reach
        top = (lean, high, 0.0)
        mid = (lean + dx * 0.5, high + 0.35, dz * 0.5)
        tip = (lean + dx, high - droop, dz)
        wide = (-sin(angle) * 0.22, 0.12, cos(angle) * 0.22)
        left = (mid[0] + wide[0], mid[1] - wide[1], mid[2] + wide[2])
        right = (mid[0] - wide[0], mid[1] + wide[1], mid[2] - wide[2])
        tone = darker(Paint(leaf), kit.between(0.75, 1.25)).colour
        kit.sheet([top, left, tip, right], Paint(tone, "leaves", 0.7))


def bench(kit: Kit) -> None:
    """Slats for seat and back on two iron legs."""
    wide, slat = kit.between(1.3, 1.9), wood(kit)
    iron = Paint(grey(kit, 0.1, 0.45), "metal")
    for x in (-wide * 0.4, wide * 0.4):
        kit.box((0.07, 0.45, 0.45), (x, 0, 0), iron)
        kit.box((0.07, 0.9, 0.06), (x, 0, 0.25), iron)
    kit.level = 1
    for z in (-0.2, -0.03, 0.14):
        kit.box((wide, 0.04, 0.13), (0, 0.45, z), slat)
    for y in (0.56, 0.73):
        kit.box((wide, 0.12, 0.04), (0, y, 0.22), slat)


def umbrella(kit: Kit) -> None:
    """A parasol of coloured wedges on a pole."""
    high, radius = kit.between(1.9, 2.4), kit.between(1.0, 1.5)
    one, two = (
        Paint(dye(kit), "fabric"),
        Paint(grey(kit, 0.8, 1.0) if kit.chance(0.6) else dye(kit), "fabric"),
    )
    kit.tube((0.04, high, 0.04), (0, 0, 0), metal(kit), sides=6)
    kit.level = 1
    count, drop = 10, kit.between(0.35, 0.6)
    rim = [
        (cos(a * 2 * pi / count) * radius, high - drop, sin(a * 2 * pi / count) * radius)
        for a in range(count)
    ]
    for wedge in sorted(range(count), key=lambda w: -(rim[w][2] + rim[(w + 1) % count][2])):
        kit.level += 1
        corners = [(0.0, high, 0.0), rim[wedge], rim[(wedge + 1) % count]]
        kit.sheet(corners, one if wedge % 2 else two)


def boat(kit: Kit) -> None:
    """A hull with a mast and sails, or with a cabin."""
    paint, long = Paint(dye(kit), "wood", 2), kit.between(3.0, 5.0)
    h = long / 2
    hull = [(-h * 0.8, 0.0), (h * 0.7, 0.0), (h * 1.05, 0.75), (-h, 0.7)]
    kit.slab(hull, 1.2, (0, 0, 0), paint)
    kit.level = 1
    stripe = [
        (-h * 0.96, 0.52, -0.62),
        (h * 0.97, 0.57, -0.62),
        (h * 1.04, 0.74, -0.62),
        (-h, 0.7, -0.62),
    ]
    kit.sheet(stripe, Paint(grey(kit, 0.75, 1.0)))
    if kit.chance(0.65):
        mast, cloth_ = (
            kit.between(3.2, 4.8),
            Paint(grey(kit, 0.8, 1.0) if kit.chance(0.6) else dye(kit), "fabric"),
        )
        kit.box((0.07, mast, 0.07), (0, 0.7, 0), wood(kit))
        kit.level = 2
        kit.sheet([(-0.1, 1.0, 0), (-h * 0.85, 1.05, 0.1), (-0.1, mast + 0.5, 0)], cloth_)
        kit.sheet(
            [(0.15, 1.0, 0), (h * 0.85, 0.9, -0.1), (0.1, mast * 0.85, 0)], darker(cloth_, 0.9)
        )
    else:
        kit.box((long * 0.4, 0.8, 0.9), (-h * 0.2, 0.7, 0), Paint(grey(kit, 0.8, 1.0)))
        kit.level = 2
        for x in (-0.55, 0.0, 0.55):
            kit.panel((0.35, 0.3), (-h * 0.2 + x * h * 0.5, 1.0, -0.46), Paint((0.15, 0.2, 0.3)))


def tent(kit: Kit) -> None:
    """A ridge tent or a dome, its door open."""
    paint = Paint(dye(kit), "fabric")
    wide, long, high = kit.between(1.8, 2.6), kit.between(2.0, 3.0), kit.between(1.3, 1.8)
    if kit.chance(0.6):
        kit.slab([(-wide / 2, 0), (wide / 2, 0), (0, high)], long, (0, 0, 0), paint)
        z, peak = -long / 2 - 0.02, high * 0.8
        kit.level = 1
        kit.sheet([(-wide * 0.18, 0, z), (wide * 0.18, 0, z), (0, peak, z)], Paint(black(kit)))
        kit.sheet(
            [(wide * 0.18, 0, z), (wide * 0.32, 0, z - 0.1), (0, peak, z)], darker(paint, 1.3)
        )
    else:
        kit.ball((wide * 0.6, high, wide * 0.6), (0, 0, 0), paint, sides=11)
        dome = kit.solids[-1]
        dome.points = np.maximum(dome.points, [-9.0, 0.0, -9.0])
        kit.level = 1
        arch = [(-0.35, 0.0), (0.35, 0.0), (0.3, 0.6), (0.0, 0.95), (-0.3, 0.6)]
        kit.sheet([(x, y, -wide * 0.6 + y * 0.25) for x, y in arch], Paint(black(kit)))


def barn(kit: Kit) -> None:
    """A planked house with a big cross-braced door and a gambrel roof."""
    wide, long, high = kit.between(5, 7), kit.between(6, 9), kit.between(2.6, 3.4)
    wall = Paint(hsv(kit, (0.98, 1.02), 0.6, 0.5) if kit.chance(0.15) else dye(kit), "planks", 3)
    peak = high + kit.between(2.0, 2.8)
    bend = high + (peak - high) * 0.65
    right = [(wide / 2, 0.0), (wide / 2, high), (wide * 0.3, bend)]
    gable = [(-wide / 2, 0.0), *right, (0.0, peak), (-wide * 0.3, bend), (-wide / 2, high)]
    roof = Paint(grey(kit, 0.2, 0.6), "shingles", 3)
    kit.slab(gable, long, (0, 0, 0), wall)
    solid = kit.solids[-1]
    for side in (2, 3, 4, 5):
        solid.paints[side] = roof
    kit.level = 1
    z, trim = -long / 2 - 0.03, Paint(grey(kit, 0.8, 1.0), "wood")
    door_w, door_h = wide * 0.42, high * 0.85
    kit.panel((door_w, door_h), (0, 0, z), trim)
    kit.level = 2
    kit.panel((door_w - 0.3, door_h - 0.3), (0, 0.12, z - 0.02), darker(wall, 0.65))
    kit.level = 3
    a, b = door_w / 2 - 0.15, door_h - 0.15
    for x in (1, -1):
        kit.sheet(
            [
                (-x * a, 0.1, z - 0.04),
                (-x * (a - 0.22), 0.1, z - 0.04),
                (x * a, b, z - 0.04),
                (x * (a - 0.22), b, z - 0.04),
            ],
            trim,
        )
    kit.panel((0.9, 0.9), (0, high + 0.4, z), Paint(black(kit)))


def cow(kit: Kit) -> None:
    """Barrel, legs, neck and head; it looks along x."""
    coat = (
        Paint(grey(kit, 0.75, 1.0), "patches", 2.2)
        if kit.chance(0.6)
        else Paint(hsv(kit, (0.04, 0.09), 0.55, 0.45), "plain")
    )
    for x in (-0.55, 0.5):
        for z in (-0.2, 0.2):
            kit.box((0.13, 0.72, 0.13), (x, 0, z), darker(coat, 0.9))
    kit.level = 1
    kit.ball((0.92, 0.4, 0.36), (0, 0.98, 0), coat, sides=12)
    kit.level = 2
    low = kit.between(-0.55, 0.15)
    kit.ball((0.32, 0.22, 0.2), (0.85, 1.15 + low * 0.4, 0), coat)
    kit.level = 3
    kit.ball((0.26, 0.17, 0.16), (1.12, 1.2 + low, 0), darker(coat, 0.95))
    kit.ball((0.1, 0.1, 0.13), (1.32, 1.14 + low, 0), Paint((0.75, 0.5, 0.45)), sides=7)


def fence(kit: Kit) -> None:
    """Posts and rails, or pickets; four metres of it."""
    paint, picket = wood(kit), kit.chance(0.4)
    for rail in (0.35, 0.75) if kit.chance(0.5) else (0.3, 0.6, 0.9):
        kit.box((4.0, 0.09, 0.05), (0, rail, 0), paint)
    kit.level = 1
    count, wide = (14, 0.16) if picket else (4, 0.12)
    for post in range(count):
        kit.box((wide, 1.1, 0.07), (-2 + 4 * (post + 0.5) / count, 0, -0.04), paint)
