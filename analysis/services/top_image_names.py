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


def names_by_key(keys: Collection[int]) -> dict[int, str]:
    """Return the name of each of these rows that is there."""
    if not keys:
        return {}
    among = RawSQL(LISTED[connection.vendor], [json.dumps(sorted(keys))])
    rows = TopImage.objects.filter(pk__in=among).order_by().values_list("pk", "end", "rank")
    return {key: f"{end}/{rank}" for key, end, rank in rows.iterator(len(keys) + 1)}
