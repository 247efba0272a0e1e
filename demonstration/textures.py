"""Materials: tileable textures, pictures of factors that a face's colour is multiplied with."""

from functools import cache

import numpy as np
import numpy.typing as npt

SIDE = 256
Texture = npt.NDArray[np.floating]
NAMES = (
    "plain", "plaster", "wood", "planks", "tiles", "carpet", "fabric", "stripes", "checks",
    "dots", "brick", "stone", "concrete", "asphalt", "grass", "leaves", "sand", "water",
    "metal", "marble", "books", "patches", "rock", "shingles", "clouds", "facade", "picture",
    "screen", "snow", "glass",
)  # fmt: skip
INDEX = {name: number for number, name in enumerate(NAMES)}


def _noise(rng: np.random.Generator, slope: float, stretch: float = 1.0) -> Texture:
    """Return tileable noise of mean 0 and deviation 1; ``stretch`` draws it out along u."""
    v, u = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
    radius = np.sqrt((u * stretch) ** 2 + (v / stretch) ** 2) + 1 / SIDE
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * radius**-slope
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    noise /= noise.std()
    scaled: Texture = noise.astype(np.float32)  # (SIDE, SIDE)
    return scaled


def _grid(rows: int, columns: int, joint: int, shift: bool = False) -> tuple[Texture, Texture]:
    """Return where the joints of bricks or tiles run, and the number of the tile at each place."""
    v, u = np.mgrid[0:SIDE, 0:SIDE]
    height, width = SIDE // rows, SIDE // columns
    row = v // height
    moved = (u + (row % 2) * (width // 2) * shift) % SIDE
    joints = (v % height < joint) | (moved % width < joint)
    return joints.astype(np.float32), row * columns + moved // width


def _tiled(rng: np.random.Generator, joints: Texture, number: Texture, depth: float) -> Texture:
    """Return tiles of slightly different brightness between darker or lighter joints."""
    each = 1 + 0.12 * rng.standard_normal(int(number.max()) + 1)
    tiles: Texture = each[number.astype(int)] * (1 - depth * joints)
    return tiles


def _books(rng: np.random.Generator) -> Texture:
    """Return four rows of book backs in many colours, with dark gaps above them."""
    picture = np.full((SIDE, SIDE, 3), 0.3)
    shelf = SIDE // 4
    for row in range(4):
        left = 0
        while left < SIDE:
            wide, tall = int(rng.integers(6, 17)), int(rng.integers(38, 58))
            colour = rng.uniform(0.3, 0.95, 3)
            bottom = (row + 1) * shelf
            picture[row * shelf + shelf - tall : bottom, left : left + wide - 1] = colour
            band = bottom - int(tall * rng.uniform(0.5, 0.85))
            picture[band : band + 4, left : left + wide - 1] = colour[::-1] * 0.7
            left += wide
    return picture[::-1]  # v runs upward


def _facade(rng: np.random.Generator) -> Texture:
    """Return six by six windows, some of them lit, in a wall."""
    picture = np.ones((SIDE, SIDE, 3))
    step = SIDE // 6
    for row in range(6):
        for column in range(6):
            top, left = row * step + 10, column * step + 11
            glass = [0.25, 0.3, 0.38] if rng.random() < 0.8 else [1.1, 0.95, 0.6]
            picture[top : top + 25, left : left + 20] = np.array(glass) * rng.uniform(0.7, 1.2)
            picture[top - 2 : top, left - 2 : left + 22] = 1.15
            picture[top : top + 25, left + 9 : left + 11] = 0.9
    return picture


def _picture(rng: np.random.Generator) -> Texture:
    """Return a painting: soft fields of colour."""
    fields = np.stack([_noise(rng, 1.8) for _ in range(3)], axis=-1)  # (SIDE, SIDE, 3)
    steps = np.round(fields * 1.5) / 1.5 * 0.25 + 0.9
    return np.clip(steps, 0.25, 1.5)


def _screen(rng: np.random.Generator) -> Texture:
    """Return a lit screen with lines of text and a window or two."""
    picture = np.full((SIDE, SIDE, 3), 1.0)
    picture[:, :60] = [0.35, 0.5, 0.8]
    for line in range(20, 240, 14):
        length = int(rng.integers(60, 170))
        picture[line : line + 5, 75 : 75 + length] = [0.35, 0.4, 0.5]
    return picture


def _clouds(rng: np.random.Generator) -> Texture:
    """Return how much cloud there is, 0 to 1."""
    cover: Texture = np.clip(_noise(rng, 1.6) * 0.5 + 0.2, 0, 1)
    return cover


def _leaves(rng: np.random.Generator) -> Texture:
    """Return clumps of leaves with dark gaps."""
    clumps = _noise(rng, 0.9)
    leaves: Texture = 1 + 0.22 * np.tanh(clumps * 1.4) + 0.06 * _noise(rng, 0.5)
    return leaves


def _cloth(rng: np.random.Generator) -> dict[str, Texture]:
    """Return textiles: plain weave, stripes, checks and dots."""
    v, u = np.mgrid[0:SIDE, 0:SIDE]
    weave = 1 + 0.05 * np.sign(np.sin(u * np.pi / 4) * np.sin(v * np.pi / 4))
    weave = weave + 0.04 * _noise(rng, 0.8)
    stripe = np.where(u % 32 < 14, 0.55, 1.15)
    across = np.where(v % 32 < 14, 0.6, 1.15)
    dots = np.hypot(u % 42 - 21, v % 42 - 21) < 10
    return {
        "fabric": weave,
        "stripes": weave * stripe,
        "checks": weave * np.sqrt(stripe * across),
        "dots": weave * np.where(dots, 1.5, 0.85),
    }


def _ground(rng: np.random.Generator) -> dict[str, Texture]:
    """Return what one walks or swims on."""
    ripples = np.tanh(_noise(rng, 1.3, stretch=3.0))
    return {
        "carpet": 1 + 0.09 * _noise(rng, 0.2),
        "concrete": 1 + 0.05 * _noise(rng, 1.2) + 0.03 * _noise(rng, 0.2),
        "asphalt": 1 + 0.08 * _noise(rng, 0.4) + 0.04 * _noise(rng, 1.4),
        "grass": 1 + 0.13 * _noise(rng, 0.7) + 0.08 * _noise(rng, 1.5),
        "sand": 1 + 0.06 * _noise(rng, 0.3) + 0.05 * _noise(rng, 1.5, stretch=2.0),
        "water": 1 + 0.16 * ripples + 0.25 * np.clip(ripples - 0.75, 0, 1),
        "rock": 1 + 0.2 * _noise(rng, 1.1) + 0.06 * _noise(rng, 0.2),
        "snow": 1 + 0.05 * _noise(rng, 1.4),
    }


def _built(rng: np.random.Generator) -> dict[str, Texture]:
    """Return what houses and furniture are made of."""
    grain = 1 + 0.10 * _noise(rng, 0.9, stretch=6.0) + 0.03 * _noise(rng, 0.3)
    planks = _tiled(rng, *_grid(8, 2, 2, shift=True), 0.35) * grain
    brick = _tiled(rng, *_grid(16, 8, 2, shift=True), -0.2) * (1 + 0.05 * _noise(rng, 0.3))
    return {
        "plain": 1 + 0.02 * _noise(rng, 0.6),
        "plaster": 1 + 0.03 * _noise(rng, 1.3) + 0.015 * _noise(rng, 0.2),
        "wood": grain,
        "planks": planks,
        "tiles": _tiled(rng, *_grid(8, 8, 2), 0.3) * (1 + 0.02 * _noise(rng, 0.9)),
        "brick": brick,
        "stone": _tiled(rng, *_grid(6, 4, 4, shift=True), 0.4) * (1 + 0.1 * _noise(rng, 0.9)),
        "shingles": _tiled(rng, *_grid(16, 16, 3, shift=True), 0.4),
        "metal": 1 + 0.04 * _noise(rng, 0.7, stretch=8.0),
        "marble": 1 + 0.12 * np.abs(_noise(rng, 1.6)) - 0.1,
        "patches": np.where(_noise(rng, 1.9) > 0.25, 0.35, 1.1),
    }


@cache
def textures() -> Texture:
    """Return all materials in the order of NAMES: (materials, SIDE, SIDE, 3), about 1 on average.

    Row 0 is v = 0. All worlds are made of the same materials.
    """
    rng = np.random.default_rng(0x7E57)
    made = _cloth(rng) | _ground(rng) | _built(rng)
    made |= {"leaves": _leaves(rng), "books": _books(rng), "facade": _facade(rng)}
    made |= {"picture": _picture(rng), "screen": _screen(rng), "clouds": _clouds(rng)}
    made |= {"glass": 0.75 + 0.5 * _clouds(rng)}
    layers = np.empty((len(NAMES), SIDE, SIDE, 3), np.float32)
    for number, name in enumerate(NAMES):
        texture = np.asarray(made[name], np.float32)
        layers[number] = texture if texture.ndim == 3 else texture[..., None]
    return layers
