"""How far a share may be trusted: Wilson's score interval (E. B. Wilson, 1927)."""

import math

Z95 = 1.959963984540054  # of the normal distribution: 95% lie within


def wilson(p: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval for a share ``p`` seen in ``n`` observations."""
    if n <= 0 or not 0 <= p <= 1:
        raise ValueError(f"no interval for a share of {p} in {n} observations")
    centre = p + z * z / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - reach) / scale, (centre + reach) / scale
    return max(0.0, min(low, p)), min(1.0, max(high, p))
