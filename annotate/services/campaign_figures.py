"""What the figures of a campaign say of themselves: what their numbers are, where they come from.

Nothing in it tells when somebody asked, but for the day: while answers stay, so do the words.
"""

from datetime import datetime

from django.db.models import Count, Max

from analysis.models import Source
from analysis.services.figure_origins import told
from annotate.models import Answer, Campaign, TruthFit

BY: dict[str, str] = {
    Source.PEOPLE: "by people",
    Source.PUBLISHED: "as published",
    Source.SIMULATED: "by simulated workers",
}


def note(campaign: Campaign) -> str:
    """Return what is not people's, or not of real things; empty where all is."""
    parts = [
        "simulated workers" if campaign.simulated else "",
        "synthetic images" if campaign.synthetic else "",
    ]
    return " · ".join(part for part in parts if part)


def of_now(campaign: Campaign, at: datetime) -> str:
    """Return where figures come from that are counted while one waits, as those of the live page.

    They change with every answer, so the newest is named by its minute.
    """
    found = Answer.objects.counted(campaign).aggregate(n=Count("pk"), newest=Max("created_at"))
    newest = [f"the newest of {_minute(found['newest'])}"] if found["newest"] else []
    return told([*_of(campaign, found["n"]), *newest, f"counted {at:%Y-%m-%d}"])


def of_fit(campaign: Campaign, fit: TruthFit) -> str:
    """Return where the figures of a campaign's last count come from."""
    when = [f"counted {_minute(fit.counted_at)}"] if fit.counted_at else []
    return told([*_of(campaign, fit.answers), *when])


def _of(campaign: Campaign, answers: int) -> list[str]:
    """Return the words for a campaign: which, of which network, how many answers by whom."""
    many = f"{answers:,} answer{'s' if answers != 1 else ''}"
    return [f"campaign {campaign.slug}", campaign.network.slug, f"{many} {BY[campaign.source]}"]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
