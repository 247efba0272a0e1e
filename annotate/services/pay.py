"""What a campaign pays, as its owner says it; no money moves here."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from annotate.core.planning import Pay
from annotate.models import Campaign
from annotate.services.audit import About, record


class PayRefused(ValueError):
    """An amount that cannot be; the sentence says why."""


@dataclass(frozen=True)
class Terms:
    """Money for each answer and each hour, and what a platform asks on top, in per cent."""

    pay_per_answer: Decimal
    pay_per_hour: Decimal
    currency: str
    fee: Decimal


FIELDS = tuple(Terms.__dataclass_fields__)


@transaction.atomic
def set_pay(campaign: Campaign, terms: Terms, by: User | None, now: datetime) -> bool:
    """Keep what the campaign pays; False if it is so already.

    Raises
    ------
    PayRefused
        an amount is below 0 or too large, the currency is no three capitals, or the answers
        were published.
    """
    if campaign.published:
        raise PayRefused(f"{campaign.slug} holds published answers: nobody is paid here.")
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if all(getattr(locked, name) == getattr(terms, name) for name in FIELDS):
        return False
    before = told(locked)
    for name in FIELDS:
        setattr(locked, name, getattr(terms, name))
    try:
        locked.clean_fields(exclude=[f.name for f in locked._meta.fields if f.name not in FIELDS])
    except ValidationError as error:
        raise PayRefused("; ".join(error.messages)) from error
    locked.save(update_fields=FIELDS)
    campaign.refresh_from_db(fields=FIELDS)
    record(campaign, "pay changed", now, by, About(reason=f"{before} → {told(campaign)}"))
    return True


def pay_of(campaign: Campaign) -> Pay:
    """Return what the campaign pays, as the core reckons with it: the fee as a share."""
    return Pay(
        float(campaign.pay_per_answer), float(campaign.pay_per_hour), float(campaign.fee) / 100
    )


def is_paid(campaign: Campaign) -> bool:
    """Tell whether anything is paid at all."""
    return bool(campaign.pay_per_answer or campaign.pay_per_hour)


def told(campaign: Campaign) -> str:
    """Say in words what an answer and an hour bring."""
    if not is_paid(campaign):
        return "unpaid"
    parts = [
        f"{amount.normalize():f} {campaign.currency} {each}"
        for amount, each in (
            (campaign.pay_per_answer, "an answer"),
            (campaign.pay_per_hour, "an hour"),
        )
        if amount
    ]
    fee = f", and a fee of {campaign.fee.normalize():f}%" if campaign.fee else ""
    return " and ".join(parts) + fee
