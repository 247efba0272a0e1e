"""Nobody can compute where the negatives are planted, and programs are asked the same anywhere."""

import pytest

from annotate.core.assembly import assemble
from annotate.services import campaigns
from tests.annotate.factories import a_finished_run, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def places(campaign):
    return [task.controls for task in campaign.tasks.order_by("unit__channel")]


def computed(campaign):
    """The places as who knows the source and the seed would compute them."""
    found = []
    for task in campaign.tasks.select_related("unit__layer").order_by("unit__channel"):
        ends = campaigns._candidates(campaign.run, [task.unit])[task.unit_id]
        seed = f"{campaign.seed}/{task.unit.layer.name}/{task.unit.channel}"
        found.append(assemble(ends["top"], ends["low"], 60, 3, seed).controls)
    return found


def test_the_seed_alone_does_not_tell_the_places(settings):
    run = a_finished_run(units=4)
    first = open_small_campaign(run=run, slug="first")
    assert places(first) != computed(first)
    assert places(open_small_campaign(run=run, slug="again")) == places(first)
    settings.SECRET_KEY = "another installation's key, of more than fifty characters"
    assert places(open_small_campaign(run=run, slug="elsewhere")) != places(first)


def test_programs_are_asked_the_same_in_every_installation():
    campaign = open_small_campaign(units=4, simulated=True)
    assert places(campaign) == computed(campaign)
