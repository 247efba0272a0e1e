"""What the presence of an object tells of the scene: mutual information in bits, and its bias.

With n_s images of scene s, a of all N images holding the object and k_s of them of scene s:

    I = sum over s, present or absent, of p(s, presence) log2( p(s, presence) / p(s) p(presence) )

In few images it is above 0 even where scene and object have nothing to do with each other. How
far above is known exactly: the mean over every way of dealing the scenes out anew among the
images (all permutations; k_s is hypergeometric; Vinh, Epps and Bailey, JMLR 2010, eq. 24a). What
is left after taking it off is about 0 for an object that tells nothing.
"""

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln, xlogy

Table = Int64[np.ndarray, "scenes objects"]  # images of a scene that hold an object
Sizes = Int64[np.ndarray, " scenes"]  # images of a scene


def information(table: Table, sizes: Sizes) -> Float64[np.ndarray, " objects"]:
    """Return the mutual information of each object's presence and the scene, in bits.

    Raises:
        ValueError: there are no images.
    """
    if not sizes.sum():
        raise ValueError("there are no images, so nothing can be told of scenes")
    found: Float64[np.ndarray, " objects"] = _pairs(table, sizes[:, None]).sum(0)
    return found.clip(min=0)  # rounding may leave -1e-17


def expected(present: Int64[np.ndarray, " objects"], sizes: Sizes) -> np.ndarray:
    """Return the mean of `information` over all ways to deal the scenes out anew, in bits.

    ``present`` says how many images hold each object.
    """
    images = int(sizes.sum())
    means = {
        (a, b): _mean(a, b, images) for a in set(present.tolist()) for b in set(sizes.tolist())
    }
    return np.array([sum(means[a, b] for b in sizes.tolist()) for a in present.tolist()])


def of_scenes(table: Table, sizes: Sizes) -> Float64[np.ndarray, "scenes objects"]:
    """Return what each object's presence tells of "is it this scene", less its bias, in bits.

    Negative where it tells less than chance; ``-inf`` where the object is not found more often
    in the scene than in the others, so that it speaks against the scene.
    """
    images = int(sizes.sum())
    others = table.sum(0) - table  # (scenes, objects)
    rest = images - sizes
    told = np.empty(table.shape)
    for scene, size in enumerate(sizes.tolist()):
        two = np.stack([table[scene], others[scene]])
        sides = np.array([size, images - size])
        told[scene] = information(two, sides) - expected(table.sum(0), sides)
    more = table * rest[:, None] > others * sizes[:, None]  # shares compared, without dividing
    return np.where(more, told, -np.inf)


def most_informative(told: Float64[np.ndarray, "scenes objects"], most: int) -> np.ndarray:
    """Return which objects are among the ``most`` best of each scene, of those above 0.

    Equal ones are taken in their order. Shape (scenes, objects), bool.
    """
    order = np.argsort(-told, axis=1, kind="stable")[:, :most]
    among = np.zeros(told.shape, bool)
    np.put_along_axis(among, order, True, axis=1)
    chosen: np.ndarray = among & (told > 0)
    return chosen


def _pairs(held: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return each scene's part of the information, present and absent together."""
    images = sizes.sum()
    parts = np.zeros(held.shape)
    for here, whole in ((held, held.sum(0)), (sizes - held, images - held.sum(0))):
        chance = sizes * whole / images  # what would be here if neither knew of the other
        parts += xlogy(here, np.where(here > 0, here, 1) / np.where(chance > 0, chance, 1))
    found: np.ndarray = parts / images / np.log(2)
    return found


def _mean(present: int, size: int, images: int) -> float:
    """Return the mean part of a scene of ``size`` images, ``present`` of all holding the object."""
    k = np.arange(max(0, present + size - images), min(present, size) + 1)
    chance = np.exp(
        _ways(present, k) + _ways(images - present, size - k) - _ways(images, np.array(size))
    )
    parts = np.zeros(len(k))
    for here, whole in ((k, present), (size - k, images - present)):
        parts += xlogy(here, np.where(here > 0, here, 1) * images / max(1, size * whole))
    return float((chance * parts).sum() / images / np.log(2))


def _ways(of: int, take: np.ndarray) -> np.ndarray:
    """Return the logarithm of the number of ways to take some of a number of things."""
    found: np.ndarray = gammaln(of + 1) - gammaln(take + 1) - gammaln(of - take + 1)
    return found
