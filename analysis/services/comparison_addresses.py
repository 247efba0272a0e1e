"""Where a comparison leads: the table of its differences, the page of what one mark stands for."""

from urllib.parse import urlencode

from django.urls import reverse

from analysis.services.comparing import EVERY, Comparable, Side
from analysis.services.figure_links import concept_page, layer_page
from analysis.services.statistics import OF_LABELS


def download(statistic: str, sides: tuple[Side, Side], table: str = "differences") -> str:
    """Return the address of the differences, or of the rows of both, as CSV."""
    asked = urlencode(asked_of(statistic, sides, table))
    return f"{reverse('api-statistics-csv', args=[statistic])}?{asked}"


def asked_of(statistic: str, sides: tuple[Side, Side], table: str) -> dict[str, str]:
    """Return the parameters of the API that ask for a comparison."""
    first, second = sides
    if first.run and second.run:
        return {"run": first.run.short_key, "against": second.run.short_key, "table": table}
    asked = {"network": first.network.slug, "against": second.network.slug, "table": table}
    if first.objects:
        asked["image_set"] = first.objects.wanted.image_set.slug
        asked["layers"] = ",".join(first.objects.wanted.layers)
    if first.choice and (first.objects or OF_LABELS[statistic].uses_threshold):
        asked["threshold"] = f"{first.choice.wanted.threshold:g}"
    for prefix, choice in (("", first.choice), ("against_", second.choice)):
        if choice:
            asked[f"{prefix}source"] = choice.wanted.source
            asked[f"{prefix}campaign"] = choice.wanted.campaign
    return {name: value for name, value in asked.items() if value}


def page_of(comparable: Comparable, side: Side, place: str) -> str:
    """Return the page of a side's layer, of a scene, or of a concept; none for all together."""
    if place == comparable.overall or place == EVERY:
        return ""
    if comparable.place == "layer":
        return layer_page(side.network.slug, place)
    if comparable.place in ("concept", "class", "object"):
        return concept_page(place)
    return ""
