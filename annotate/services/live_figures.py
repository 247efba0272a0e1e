"""The two figures of a campaign's live page: answers by the hour, answers by the day."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from analysis.services.figures import Column, Figure, channel, drawing, mark, ordered, whole_numbers
from annotate.models import Campaign
from annotate.services.campaign_figures import note
from annotate.services.live import DAYS, HOURS, Hours

HEIGHT = 180


def figures(campaign: Campaign, hours: Hours, now: datetime) -> list[Figure]:
    """Return both; times are UTC."""
    said = note(campaign)
    return [_by_hour(hours, now, said), _by_day(hours, now, said)]


def _by_hour(hours: Hours, now: datetime, note: str) -> Figure:
    """Return the last 48 hours; the table leaves out hours without an answer."""
    this = now.replace(minute=0, second=0, microsecond=0)
    rows: list[dict[str, Any]] = [
        {"when": f"{hour:%d %b %H} h", "answers": hours.get(hour, 0)}
        for hour in (this - timedelta(hours=back) for back in reversed(range(HOURS)))
    ]
    given = sum(row["answers"] for row in rows)
    busy = sum(row["answers"] > 0 for row in rows)
    return _figure(
        name="answers-by-hour",
        question="When do answers come?",
        answer=f"{given:,} answer{'s' if given != 1 else ''} in the last {HOURS} hours, in {busy}"
        f" of them.",
        rows=rows,
        told=[row for row in rows if row["answers"]] or rows[-1:],
        note=note,
        title="Hour (UTC)",
        method="Answers that count, by the hour in which they were given, UTC; the present hour is"
        " not over. The table leaves out hours without an answer.",
    )


def _by_day(hours: Hours, now: datetime, note: str) -> Figure:
    """Return the last 14 days."""
    days = Counter[str]()
    for hour, count in hours.items():
        days[f"{hour:%Y-%m-%d}"] += count
    dates = [now - timedelta(days=back) for back in reversed(range(DAYS))]
    rows: list[dict[str, Any]] = [
        {"when": f"{date:%d %b}", "answers": days[f"{date:%Y-%m-%d}"]} for date in dates
    ]
    given = sum(row["answers"] for row in rows)
    return _figure(
        name="answers-by-day",
        question="How did the last two weeks go?",
        answer=f"{given:,} answer{'s' if given != 1 else ''} in {DAYS} days, {given / DAYS:.1f} a"
        " day.",
        rows=rows,
        told=rows,
        note=note,
        title="Day (UTC)",
        method="Answers that count, by the day in which they were given, UTC; today is not over.",
    )


def _figure(*, rows: list[dict[str, Any]], told: list[Any], title: str, **words: Any) -> Figure:
    """Return bars over time, with a table."""
    place = {
        "x": ordered("when", "", [row["when"] for row in rows]),
        "y": whole_numbers("answers", "answers", max(row["answers"] for row in rows)),
        "tooltip": [channel("when", "", "nominal"), channel("answers", "answers")],
    }
    return Figure(
        spec=drawing(rows, mark("bar", place), height=HEIGHT),
        columns=[Column("when", title), Column("answers", "Answers")],
        rows=told,
        **words,
    )
