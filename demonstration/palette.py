"""Colours drawn at random: wide enough that no class of object is given away by its colour."""

from colorsys import hsv_to_rgb

from demonstration.render import Development
from demonstration.shapes import Colour, Kit, Paint


def hsv(kit: Kit, hue: tuple[float, float], saturation: float, value: float) -> Colour:
    """Return a colour near a saturation and value, its hue between two bounds (turns)."""
    strong = min(1.0, max(0.0, saturation * kit.between(0.6, 1.3)))
    bright = min(1.0, max(0.05, value * kit.between(0.75, 1.2)))
    return hsv_to_rgb(kit.between(*hue) % 1.0, strong, bright)


def dye(kit: Kit) -> Colour:
    """Return the colour of something that comes in every colour: cloth, cars, painted wood."""
    if kit.chance(0.3):
        grey = kit.between(0.15, 0.92)
        return (grey, grey * kit.between(0.96, 1.02), grey * kit.between(0.9, 1.04))
    return hsv(kit, (0, 1), kit.pick([0.25, 0.45, 0.65]), kit.pick([0.4, 0.65, 0.85]))


def wood(kit: Kit, span: float = 1.2) -> Paint:
    """Return wood: brown, pale, dark or painted."""
    if kit.chance(0.25):
        return Paint(dye(kit), "wood", span)
    return Paint(hsv(kit, (0.04, 0.11), 0.5, kit.pick([0.3, 0.5, 0.75])), "wood", span)


def cloth(kit: Kit) -> Paint:
    """Return a textile of any colour and pattern."""
    pattern = kit.pick(["fabric", "fabric", "stripes", "checks", "dots"])
    return Paint(dye(kit), pattern, kit.between(0.5, 1.3))


def pale(kit: Kit) -> Colour:
    """Return a wall colour: any hue, rather light."""
    return hsv(kit, (0, 1), kit.between(0.03, 0.3), kit.pick([0.65, 0.8, 0.9]))


def metal(kit: Kit) -> Paint:
    """Return steel, brass or painted metal."""
    if kit.chance(0.3):
        return Paint(dye(kit), "metal", 1.0)
    grey = kit.between(0.25, 0.85)
    return Paint((grey, grey, grey * 1.04), "metal", 1.0)


def enamel(kit: Kit) -> Paint:
    """Return glazed white goods: mostly white, sometimes cream, black or coloured."""
    if kit.chance(0.6):
        white = kit.between(0.75, 0.92)
        return Paint((white, white, white * kit.between(0.92, 1.02)), "plain")
    return Paint(dye(kit), "plain")


def foliage(kit: Kit) -> Colour:
    """Return leaves: green mostly, sometimes autumn."""
    if kit.chance(0.15):
        return hsv(kit, (0.03, 0.14), 0.75, 0.65)
    return hsv(kit, (0.2, 0.38), 0.55, 0.45)


def grey(kit: Kit, low: float, high: float) -> Colour:
    """Return a grey with a breath of colour."""
    value = kit.between(low, high)
    return (value * kit.between(0.96, 1.04), value, value * kit.between(0.94, 1.06))


def darker(paint: Paint, factor: float) -> Paint:
    """Return the same paint, darker (or lighter above 1)."""
    r, g, b = (min(1.0, part * factor) for part in paint.colour)
    return Paint((r, g, b), paint.material, paint.span)


def black(kit: Kit) -> Colour:
    """Return what is called black: tyres, screens, rings, handles. It is mostly a dark grey."""
    return grey(kit, 0.1, 0.38)


def develop(kit: Kit) -> Development:
    """Return how a picture was taken: exposure, saturation, black level and grain.

    Wide on purpose: the darkest or the most colourful places of all pictures must not be those of
    one class, or a network that only measures brightness would seem to detect it.
    """
    gain = kit.between(0.4, 0.68) if kit.chance(0.18) else kit.between(0.75, 1.15)
    return Development(
        gain=gain,
        saturation=kit.between(0.35, 1.15),
        lift=kit.between(0.0, 0.14),
        noise=kit.between(0.005, 0.02),
    )
