"""Names of top images that mean something elsewhere: end and rank, like ``top/3``."""

import json
from collections.abc import Collection

from django.db import connection
from django.db.models.expressions import RawSQL

from analysis.models import TopImage

# Thousands of keys as one value of a query: as so many values they would take longer to put into
# SQL than to be found.
LISTED = {
    "sqlite": "SELECT value FROM json_each(%s)",
    "postgresql": "SELECT json_array_elements_text(%s)::bigint",
}
# A row read in passing costs a third of one that is looked up by its key.
PASSED = 3


def names_by_key(keys: Collection[int]) -> dict[int, str]:
    """Return by key the name of each of these rows that is there; maybe of rows between too."""
    if not keys:
        return {}
    first, last = min(keys), max(keys)
    if last - first < PASSED * len(keys):  # so written by a scan: unit by unit
        rows = TopImage.objects.filter(pk__range=(first, last))
    else:
        among = RawSQL(LISTED[connection.vendor], [json.dumps(sorted(keys))])
        rows = TopImage.objects.filter(pk__in=among)
    found = rows.order_by().values_list("pk", "end", "rank")
    return {key: f"{end}/{rank}" for key, end, rank in found.iterator(PASSED * len(keys) + 1)}
