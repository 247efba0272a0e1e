"""What stands in rooms. Each builder fills a kit: the front towards −z, the floor at y = 0."""

from demonstration.palette import black, cloth, darker, dye, enamel, foliage, grey, metal, wood
from demonstration.shapes import Kit, Paint


def bed(kit: Kit) -> None:
    """Frame, mattress, blanket, pillows; its head at +z."""
    wide, long, high = kit.between(1.0, 1.9), kit.between(1.9, 2.2), kit.between(0.25, 0.4)
    frame, sheet, blanket = wood(kit), Paint(grey(kit, 0.7, 0.95), "fabric"), cloth(kit)
    kit.box((wide, kit.between(0.7, 1.3), 0.08), (0, 0, long / 2), frame)
    if kit.chance(0.5):
        kit.box((wide, high + 0.25, 0.06), (0, 0, -long / 2 - 0.05), frame)
    kit.box((wide, high, long), (0, 0.08, 0), frame)
    kit.level = 1
    kit.box((wide * 0.97, 0.22, long * 0.98), (0, high, 0), sheet)
    kit.level = 2
    cover = long * kit.between(0.55, 0.75)
    kit.box((wide * 1.04, 0.2, cover), (0, high + 0.05, -(long - cover) / 2), blanket)
    kit.level = 3
    pillow = Paint(dye(kit) if kit.chance(0.4) else grey(kit, 0.75, 1.0), "fabric")
    places = (-wide / 4, wide / 4) if wide > 1.3 else (0.0,)
    for x in places:
        kit.ball((wide * 0.2, 0.11, 0.2), (x, high + 0.32, long * 0.36), pillow)


def lamp(kit: Kit, low: float = 0.4, high: float = 0.6) -> None:
    """Foot, stem and a bright shade."""
    tall, shade = kit.between(low, high), kit.between(0.14, 0.24)
    glow = Paint((1.25, kit.between(1.0, 1.2), kit.between(0.6, 1.0)), "fabric", 0.4)
    kit.tube((shade * 0.6, 0.04, shade * 0.5), (0, 0, 0), metal(kit))
    kit.tube((0.02, tall, 0.02), (0, 0, 0), metal(kit), sides=6)
    kit.level = 1
    kit.tube((shade, shade * 1.5, shade * kit.between(0.5, 0.9)), (0, tall * 0.8, 0), glow)


def floor_lamp(kit: Kit) -> None:
    """A tall lamp that stands on the floor."""
    lamp(kit, 1.3, 1.7)


def window(kit: Kit) -> None:
    """Frame, panes with daylight, a sill and sometimes curtains; hung on the wall at z = 0."""
    wide, high = kit.between(0.8, 1.7), kit.between(0.9, 1.4)
    frame = Paint(grey(kit, 0.8, 1.0), "plain") if kit.chance(0.6) else wood(kit)
    day = kit.pick([(0.75, 1.0, 1.35), (1.2, 1.25, 1.3), (0.25, 0.3, 0.45), (1.3, 1.0, 0.7)])
    kit.box((wide, high, 0.06), (0, 0, 0), frame)
    kit.level = 1
    columns, rows = kit.pick([1, 2, 2, 3]), kit.pick([1, 1, 2])
    pane_w, pane_h = wide / columns, high / rows
    size = (pane_w - 0.1, pane_h - 0.1)
    for column in range(columns):
        for row in range(rows):
            x = -wide / 2 + pane_w * (column + 0.5)
            kit.panel(size, (x, row * pane_h + 0.05, -0.04), Paint(day, "glass", 4.0))
            lower = Paint((day[0] * 0.6, day[1] * 0.7, day[2] * 0.5), "glass", 2.5)
            if row == 0:
                kit.panel((size[0], size[1] * 0.35), (x, 0.05, -0.05), lower)
    kit.box((wide + 0.15, 0.05, 0.15), (0, -0.05, -0.05), frame)
    if kit.chance(0.5):
        curtain = cloth(kit)
        for side in (-1, 1):
            kit.level = 2
            drop = (wide * kit.between(0.15, 0.28), high + 0.35, 0.06)
            kit.box(drop, (side * wide * 0.52, -0.2, -0.1), curtain)


def painting(kit: Kit) -> None:
    """A framed picture on the wall."""
    wide, high = kit.between(0.4, 1.1), kit.between(0.4, 0.8)
    kit.box((wide + 0.1, high + 0.1, 0.04), (0, 0, 0), wood(kit))
    kit.level = 1
    span = kit.between(1.0, 3.0)
    kit.panel((wide, high), (0, 0.05, -0.03), Paint(dye(kit), "picture", span))


def mirror(kit: Kit) -> None:
    """A pale reflecting pane with two bright streaks."""
    wide, high = kit.between(0.5, 0.9), kit.between(0.7, 1.1)
    tone = grey(kit, 0.55, 0.8)
    kit.box((wide + 0.08, high + 0.08, 0.04), (0, -0.04, 0), metal(kit))
    kit.level = 1
    kit.panel((wide, high), (0, 0, -0.03), Paint(tone, "plain"))
    kit.level = 2
    slope, bright = wide * 0.5, darker(Paint(tone), 1.4)
    for left in (-wide * 0.3, wide * 0.05):
        low, top = max(left - slope * 0.4, -wide / 2), left + slope * 0.3
        right = min(left + wide * 0.12 + slope * 0.3, wide / 2)
        streak = [(low, 0.08), (low + 0.08, 0.08), (right, high - 0.08), (top, high - 0.08)]
        kit.sheet([(x, y, -0.04) for x, y in streak], bright)


def stove(kit: Kit) -> None:
    """Body with an oven door, a row of knobs and four rings on top, often with a pot."""
    body = enamel(kit)
    wide, deep, high = kit.between(0.58, 0.75), 0.6, 0.88
    kit.box(
        (wide, high, deep),
        (0, 0, 0),
        body,
        top=Paint(black(kit)) if kit.chance(0.5) else metal(kit),
    )
    kit.level = 1
    front = -deep / 2 - 0.01
    kit.panel((wide * 0.8, 0.36), (0, 0.2, front), Paint(black(kit), "glass", 2.0))
    kit.panel((wide * 0.8, 0.035), (0, 0.62, front - 0.02), Paint((0.7, 0.7, 0.72), "metal"))
    knobs = Paint(black(kit)) if kit.chance(0.5) else darker(body, 1.3)
    for knob in range(4):
        x = wide * (-0.33 + 0.22 * knob)
        kit.panel((0.07, 0.07), (x, 0.74, front), knobs)
    for x in (-wide / 4, wide / 4):
        for z in (-0.14, 0.14):
            ring = Paint((0.5, 0.16, 0.1) if kit.chance(0.25) else (0.3, 0.3, 0.31), "metal")
            kit.tube((0.1, 0.02, 0.1), (x, high, z), ring, sides=9)
    kit.level = 2
    if kit.chance(0.6):
        kit.tube((0.11, 0.16, 0.11), (kit.pick([-1, 1]) * wide / 4, high, 0.1), metal(kit))
    kit.box((wide, 0.14, 0.05), (0, high, deep / 2), body)


def fridge(kit: Kit) -> None:
    """A tall box with two doors and handles."""
    body = enamel(kit) if kit.chance(0.7) else metal(kit)
    wide, high, deep = kit.between(0.6, 0.85), kit.between(1.5, 1.95), 0.62
    kit.box((wide, high, deep), (0, 0, 0), body)
    kit.level = 1
    front, split = -deep / 2 - 0.01, high * kit.pick([0.35, 0.62, 0.68])
    kit.panel((wide, 0.025), (0, split, front), darker(body, 0.35))
    side = kit.pick([-1, 1]) * wide * 0.38
    grip = Paint(grey(kit, 0.2, 0.6), "metal")
    kit.box((0.04, 0.28, 0.05), (side, split + 0.08, front), grip)
    kit.box((0.04, 0.28, 0.05), (side, split - 0.38, front), grip)


def cabinet(kit: Kit) -> None:
    """A base unit with a worktop, doors and knobs."""
    wide, high, deep = kit.between(0.7, 1.5), kit.between(0.75, 0.92), 0.55
    body, top = wood(kit), Paint(grey(kit, 0.25, 0.85), kit.pick(["marble", "wood", "plain"]))
    kit.box((wide, high - 0.05, deep), (0, 0, 0), body)
    kit.level = 1
    kit.box((wide + 0.04, 0.05, deep + 0.04), (0, high - 0.05, 0), top)
    doors = kit.pick([2, 2, 3])
    for door in range(doors):
        x = wide * ((door + 0.5) / doors - 0.5)
        inner = darker(body, 0.82)
        kit.panel((wide / doors * 0.8, high * 0.72), (x, 0.08, -deep / 2 - 0.005), inner)
        kit.panel((0.05, 0.05), (x + wide / doors * 0.28, high * 0.6, -deep / 2 - 0.02), metal(kit))


def sink(kit: Kit) -> None:
    """A basin with a curved tap, on a pedestal or set into a small cupboard."""
    white, steel = enamel(kit), Paint((0.75, 0.76, 0.8), "metal")
    wide, high = kit.between(0.5, 0.75), 0.82
    if kit.chance(0.5):
        kit.tube((0.11, high - 0.15, 0.09), (0, 0, 0.05), white)
    else:
        kit.box((wide * 0.95, high - 0.15, 0.42), (0, 0, 0), wood(kit))
    kit.level = 1
    kit.box((wide, 0.15, 0.48), (0, high - 0.15, 0), white)
    kit.level = 2
    bowl = darker(white, 0.55)
    oval = [(-0.4, 0.0), (-0.28, -0.16), (0.28, -0.16), (0.4, 0.0), (0.28, 0.12), (-0.28, 0.12)]
    kit.sheet([(x * wide, high + 0.004, z) for x, z in oval], bowl)
    kit.level = 3
    kit.box((0.05, 0.2, 0.05), (0, high, 0.2), steel)
    kit.box((0.05, 0.05, 0.2), (0, high + 0.18, 0.11), steel)


def table(kit: Kit) -> None:
    """A top on four legs, or round on one; sometimes with a bowl or a cloth."""
    wide, deep, high = kit.between(0.9, 1.7), kit.between(0.7, 1.0), kit.between(0.7, 0.78)
    paint = wood(kit)
    if kit.chance(0.3):
        kit.tube((0.06, high, 0.06), (0, 0, 0), paint)
        kit.tube((0.3, 0.05, 0.25), (0, 0, 0), paint)
        kit.level = 1
        kit.tube((deep * 0.65, 0.05, deep * 0.65), (0, high, 0), paint, sides=14)
    else:
        for x in (-wide / 2 + 0.07, wide / 2 - 0.07):
            for z in (-deep / 2 + 0.07, deep / 2 - 0.07):
                kit.box((0.07, high, 0.07), (x, 0, z), darker(paint, 0.85))
        kit.level = 1
        kit.box((wide, 0.06, deep), (0, high, 0), paint)
    kit.level = 2
    if kit.chance(0.5):
        kit.tube((0.08, 0.1, 0.17), (kit.between(-0.2, 0.2), high + 0.06, 0), Paint(dye(kit)))


def chair(kit: Kit) -> None:
    """Seat, four legs and a back at +z."""
    paint = wood(kit)
    seat = paint if kit.chance(0.5) else cloth(kit)
    high, wide = kit.between(0.42, 0.48), kit.between(0.4, 0.48)
    half = wide / 2 - 0.03
    for x in (-half, half):
        for z in (-half, half):
            kit.box((0.05, high, 0.05), (x, 0, z), paint)
    kit.level = 1
    kit.box((wide, 0.06, wide), (0, high, 0), seat)
    back = kit.between(0.4, 0.55)
    for x in (-half, half):
        kit.box((0.05, back, 0.05), (x, high, half), paint)
    if kit.chance(0.5):
        kit.box((wide, back * 0.55, 0.04), (0, high + back * 0.45, half), seat)
    else:
        for rail in (0.3, 0.6, 0.9):
            kit.box((wide, 0.07, 0.03), (0, high + back * rail, half), paint)


def sofa(kit: Kit) -> None:
    """Seat, back, two arms and cushions."""
    cover = cloth(kit) if kit.chance(0.6) else Paint(dye(kit), "plain")
    wide, deep = kit.between(1.4, 2.3), kit.between(0.8, 0.95)
    kit.box((wide, kit.between(0.7, 0.95), 0.25), (0, 0, deep / 2), cover)
    kit.box((wide, 0.28, deep), (0, 0.08, 0), darker(cover, 0.85))
    kit.level = 1
    seats = 3 if wide > 1.8 else 2
    for seat in range(seats):
        x = wide * 0.8 * ((seat + 0.5) / seats - 0.5)
        kit.box((wide * 0.8 / seats - 0.03, 0.14, deep * 0.72), (x, 0.34, -0.08), cover)
    for side in (-1, 1):
        kit.box((0.2, 0.6, deep), (side * (wide / 2 - 0.06), 0, 0), darker(cover, 0.92))
    kit.level = 2
    for _ in range(kit.pick([0, 1, 2])):
        x = kit.between(-wide * 0.3, wide * 0.3)
        kit.ball((0.2, 0.18, 0.1), (x, 0.62, deep * 0.2), cloth(kit))


def television(kit: Kit) -> None:
    """A wide dark screen on a low board."""
    wide = kit.between(0.9, 1.4)
    high, board = wide * 0.57, wood(kit)
    kit.box((wide * 1.25, 0.42, 0.4), (0, 0, 0), board)
    kit.level = 1
    case = Paint(black(kit)) if kit.chance(0.7) else Paint(grey(kit, 0.5, 0.9))
    kit.box((0.25, 0.08, 0.18), (0, 0.42, 0), case)
    kit.level = 2
    kit.box((wide, high, 0.06), (0, 0.48, 0), case)
    kit.level = 3
    off = Paint(black(kit), "glass", 3.0)
    showing = off if kit.chance(0.35) else Paint(dye(kit), "picture", kit.between(1.5, 4.0))
    kit.panel((wide - 0.08, high - 0.08), (0, 0.52, -0.035), showing)


def bookcase(kit: Kit) -> None:
    """A tall case with rows of books."""
    wide, high = kit.between(0.8, 1.4), kit.between(1.5, 2.2)
    case = wood(kit)
    kit.box((wide, high, 0.3), (0, 0, 0), case)
    kit.level = 1
    rows = 5 if high > 1.8 else 4
    step = (high - 0.1) / rows
    for row in range(rows):
        books = Paint((1.0, 1.0, 1.0), "books", step * 4)
        kit.panel((wide - 0.1, step - 0.06), (0, 0.06 + row * step, -0.16), books)


def desk(kit: Kit) -> None:
    """A top on a drawer block and two legs, with sheets of paper on it."""
    wide, high, deep = kit.between(1.2, 1.7), kit.between(0.7, 0.76), kit.between(0.6, 0.8)
    paint, side = wood(kit), kit.pick([-1, 1])
    kit.box((0.42, high, deep * 0.9), (side * (wide / 2 - 0.24), 0, 0), darker(paint, 0.9))
    for z in (-deep / 2 + 0.06, deep / 2 - 0.06):
        kit.box((0.06, high, 0.06), (-side * (wide / 2 - 0.06), 0, z), metal(kit))
    kit.level = 1
    for drawer in range(3):
        low, x = 0.05 + drawer * high / 3, side * (wide / 2 - 0.24)
        kit.panel((0.36, high / 3 - 0.06), (x, low, -deep * 0.46), darker(paint, 0.75))
        kit.panel((0.12, 0.025), (x, low + high / 6, -deep * 0.47), Paint((0.8, 0.8, 0.8)))
    kit.box((wide, 0.05, deep), (0, high, 0), paint)
    kit.level = 2
    for _ in range(kit.pick([0, 1, 2])):
        x, z = kit.between(-wide * 0.4, wide * 0.2), kit.between(-deep * 0.4, 0)
        page = [(x, z), (x + 0.21, z + 0.03), (x + 0.18, z + 0.3), (x - 0.03, z + 0.27)]
        kit.sheet([(a, high + 0.055, b) for a, b in page], Paint((0.95, 0.95, 0.93)))


def monitor(kit: Kit) -> None:
    """A lit screen on a foot, with a keyboard before it."""
    wide = kit.between(0.45, 0.68)
    case = Paint(black(kit)) if kit.chance(0.6) else Paint(grey(kit, 0.7, 0.9))
    kit.box((0.2, 0.02, 0.16), (0, 0, 0.05), case)
    kit.box((0.05, 0.15, 0.04), (0, 0, 0.05), case)
    kit.level = 1
    kit.box((wide, wide * 0.62, 0.05), (0, 0.12, 0), case)
    kit.level = 2
    glow = Paint((kit.between(0.5, 1.2), kit.between(0.8, 1.2), 1.25), "screen", wide)
    kit.panel((wide - 0.06, wide * 0.62 - 0.06), (0, 0.15, -0.03), glow)
    kit.box((wide * 0.8, 0.02, 0.15), (0, 0, -0.22), darker(case, 1.5))


def plant(kit: Kit) -> None:
    """A pot with leaves, bushy or with long blades."""
    pot, leaf = Paint(dye(kit), "plain"), foliage(kit)
    tall, radius = kit.between(0.25, 0.45), kit.between(0.14, 0.2)
    kit.tube((radius * 0.75, tall, radius), (0, 0, 0), pot)
    kit.level = 1
    if kit.chance(0.5):
        for _ in range(5):
            size = kit.between(0.14, 0.24)
            at = (kit.between(-0.2, 0.2), tall + kit.between(0.1, 0.6), kit.between(-0.15, 0.15))
            kit.ball((size, size, size), at, Paint(leaf, "leaves", 0.6), sides=7)
    else:
        for _ in range(11):
            x, high, z = kit.between(-0.55, 0.55), kit.between(0.4, 1.0), kit.between(-0.3, 0.3)
            blade = Paint(darker(Paint(leaf), kit.between(0.7, 1.3)).colour, "leaves", 0.5)
            middle = (x * 0.45, tall + high * 0.7, z * 0.5)
            width = 0.05
            corners = [(-width, tall, 0), (width, tall, 0), (middle[0] + width * 1.3, *middle[1:])]
            tip = (x, tall + high * kit.between(0.6, 1.0), z)
            kit.sheet([*corners, tip, (middle[0] - width * 1.3, *middle[1:])], blade)


def bathtub(kit: Kit) -> None:
    """A long tub, filled or empty, with a tap."""
    white, long = enamel(kit), kit.between(1.5, 1.8)
    kit.box((long, 0.55, 0.75), (0, 0, 0), white, top=darker(white, 1.08))
    kit.level = 1
    inside = Paint((0.45, 0.7, 0.8), "water", 1.0) if kit.chance(0.6) else darker(white, 0.6)
    quarter = [(1, 0.6), (0.85, 1)]
    oval = [*quarter, *((-x, z) for x, z in quarter[::-1]), *((-x, -z) for x, z in quarter),
            *((x, -z) for x, z in quarter[::-1])]  # fmt: skip
    kit.sheet([(x * (long / 2 - 0.1), 0.555, z * 0.28) for x, z in oval], inside)
    kit.level = 2
    kit.box((0.06, 0.25, 0.06), (long * 0.4, 0.55, 0.3), Paint((0.8, 0.8, 0.82), "metal"))
    kit.box((0.16, 0.05, 0.05), (long * 0.36, 0.75, 0.26), Paint((0.8, 0.8, 0.82), "metal"))


def toilet(kit: Kit) -> None:
    """Bowl, seat and cistern."""
    white = enamel(kit)
    kit.tube((0.13, 0.4, 0.2), (0, 0, -0.1), white)
    kit.box((0.4, 0.4, 0.18), (0, 0.38, 0.18), white)
    kit.level = 1
    kit.tube((0.23, 0.04, 0.23), (0, 0.4, -0.1), darker(white, 0.92), sides=12)
    kit.level = 2
    if kit.chance(0.5):
        kit.tube((0.15, 0.01, 0.15), (0, 0.44, -0.12), Paint((0.25, 0.3, 0.34)), sides=12)
    else:
        kit.box((0.4, 0.42, 0.04), (0, 0.44, 0.1), darker(white, 0.95))
