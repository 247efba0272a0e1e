"""`campaigns/{slug}/agreement/`: how well answers agree, by method and by worker."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.endpoint import Endpoint
from annotate import tasks
from annotate.api import examples
from annotate.models import Campaign
from annotate.services import agreement_exports, truth

TABLES = [name for name in agreement_exports.COLUMNS if name != "changes"]
COLUMNS = "\n".join(f"- `{name}`: {', '.join(agreement_exports.COLUMNS[name])}" for name in TABLES)


class Agreement(Endpoint):
    """`campaigns/{slug}/agreement/`."""

    @extend_schema(
        operation_id="campaigns_agreement",
        summary="Read how well a campaign’s answers agree",
        description=(
            "Fleiss’ kappa and Krippendorff’s alpha with 95% intervals, in the whole campaign, by"
            " layer, and of each group against the rest; precision, words, groups; how many units"
            " each method would put into another group; what workers weigh. Counted for the answers"
            " as they are where that is quick; else `current` is false, the last count is given and"
            f" a new one is on its way.\n\nTables and their columns:\n\n{COLUMNS}"
        ),
        responses={200: examples.AGREEMENT_SCHEMA},
        examples=[examples.AGREEMENT],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the tables of the last count."""
        campaign = get_object_or_404(Campaign, slug=slug)
        fit = tasks.counted(campaign)
        return Response(
            {
                "campaign": campaign.slug,
                "method": campaign.method,
                "tied": campaign.tied,
                "version": fit.version,
                "answers": fit.answers,
                "counted_at": fit.counted_at,
                "current": truth.is_current(campaign, fit),
                "tables": {name: agreement_exports.table(fit, name) for name in TABLES},
            }
        )
