"""What the answers of all comparisons say in the same words."""

from collections.abc import Sequence

from analysis.core.differences import SURE
from analysis.services.comparing import Compared


def beyond_chance(rows: Sequence[Compared]) -> str:
    """Say how many of the differences with a p are beyond chance; nothing where none has one."""
    tested = [row.p_holm for row in rows if row.p_holm is not None]
    sure = sum(p < SURE for p in tested)
    if not tested:
        return ""
    if len(tested) == 1:
        many = f"The one difference tested is{'' if sure else ' not'}"
    else:
        many = f"{sure or 'None'} of {len(tested)} differences {'is' if sure < 2 else 'are'}"
    return f"{many} beyond chance after Holm’s correction"
