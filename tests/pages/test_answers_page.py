"""What a campaign will take, worked out before it is opened; and the page of its answers."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotate import tasks
from annotate.models import AuditEntry, Campaign, Task
from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.pages.test_campaign_pages import NEW, filled, run  # noqa: F401  # a fixture

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAGE = reverse("annotate:answers", args=["rooms"])
UNTIL = {"adaptive": "on", "answers_least": 2, "answers_most": 4, "target_group": 0.9}
WORK_OUT = {"slug": "", "work_out": "yes", "seconds_from": 60, "seconds_to": 60}
TARGETS = {"answers_least": 2, "answers_most": 4, "target_group": 0.95}


@pytest.fixture
def bob(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def campaign(researcher):
    return open_small_campaign(
        units=2, slug="rooms", user=researcher, adaptive=True, control_rule="record"
    )


def text(answer):
    return answer.content.decode().replace("&#x27;", "'")


def answer(campaign, category):
    lease = claim(a_worker(), campaign, timezone.now())
    submit(lease, a_given(lease, category=category, focused_seconds=360), timezone.now())
    return lease.task


def test_what_it_takes_is_worked_out_and_nothing_is_opened(bob, run):  # noqa: F811
    address = f"{NEW}?run={run.short_key}"
    first = text(bob.get(address))
    assert "Work it out" in first
    assert f'formaction="{address}#take"' in first
    paid = {"pay_per_answer": 0.1, "fee": 20, "currency": "EUR"}
    told = bob.post(address, filled(run, **WORK_OUT, **paid))
    assert told.status_code == 200
    assert "<dt>Answers</dt><dd>9</dd>" in text(told)  # three units of conv2, three answers each
    assert "1.08 EUR" in text(told)
    assert "60 to 60 seconds" in text(told)
    assert 'value="Kitchens"' in text(told)  # what was typed is there still
    until = text(bob.post(address, filled(run, **WORK_OUT, **UNTIL)))
    assert "stated, not seen: 50% with 2, 25% with 3, 25% with 4" in until
    assert not Campaign.objects.exists()


def test_a_campaign_opens_with_targets_pay_and_forecast(bob, run):  # noqa: F811
    stated = {"needed": "2: 60, 4: 40", "pay_per_hour": 12, "currency": "EUR"}
    bob.post(f"{NEW}?run={run.short_key}", filled(run, **UNTIL, **stated))
    campaign = Campaign.objects.get()
    assert (campaign.adaptive, campaign.answers_per_unit, campaign.answers_most) == (True, 2, 4)
    assert (campaign.target_group, campaign.target_concept_share) == (0.9, None)
    assert (campaign.pay_per_hour, campaign.currency) == (12, "EUR")
    assert campaign.forecast["stated"]["needed"] == {"2": 0.6, "4": 0.4}
    assert set(campaign.tasks.values_list("answers_wanted", flat=True)) == {2}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"answers_most": 1}, "Between 2 and 1 answers: give at least 1"),
        ({"target_group": 3}, "The target for group is 3.0: give more than 0, at most 1"),
        ({"target_group": ""}, "No target is set"),
        ({"target_width": "nan"}, "Enter a number"),
        ({"needed": "2: 10"}, "The shares sum to 10%: make them sum to 100"),
        ({"needed": "some"}, "“some” states no share"),
        ({"needed": "9: 100"}, "Shares are stated of units that take 9 answers"),
        ({"seconds_from": 90, "seconds_to": 30}, "Give 90 or more"),
        ({"fee": 400}, "less than or equal to 300"),
        ({"currency": "euro"}, "valid value"),
    ],
)
@pytest.mark.parametrize("way", [{}, WORK_OUT])
def test_what_contradicts_itself_is_told_at_its_place(bob, run, changed, told, way):  # noqa: F811
    sent = filled(run, **{**way, **UNTIL, **changed})
    refused = bob.post(f"{NEW}?run={run.short_key}", sent)
    assert refused.status_code == 422
    assert told in text(refused)
    assert not Campaign.objects.exists()


def test_the_page_says_how_units_stand_and_what_came(bob, campaign, monkeypatch):
    monkeypatch.setattr(tasks.refit, "apply_async", lambda *_, **__: None)
    page = text(bob.get(PAGE))
    assert "2 to 5 answers each, until group 0.9 probable" in page
    assert "not done" in page
    for category in ("object", "object", "object", "object"):
        tasks.aggregate(answer(campaign, category).pk)
    page = text(bob.get(PAGE))
    assert "<dt>Sure enough</dt><dd>2 <small>of 2</small></dd>" in page
    assert "what it took" in page
    assert '<td class="number">0.40</td>' in page  # four times six minutes
    assert "no, " in page  # 2 to 6 minutes were not foreseen
    live = text(bob.get(reverse("annotate:live", args=["rooms"])))
    assert "by the campaign’s own targets" in live
    Campaign.objects.update(forecast={})
    assert "opened without a forecast" in text(bob.get(PAGE))


def test_units_that_end_unsure_say_what_is_missing(bob, campaign, monkeypatch):
    monkeypatch.setattr(tasks.refit, "apply_async", lambda *_, **__: None)
    Campaign.objects.update(answers_most=2)
    for category in ("object", "scene"):
        tasks.aggregate(answer(campaign, category).pk)
    assert "the group in 1." in text(bob.get(PAGE))


def test_targets_are_changed_and_units_judged_anew(
    bob, campaign, monkeypatch, django_capture_on_commit_callbacks
):
    answer(campaign, "object")
    answer(campaign, "scene")
    monkeypatch.setattr(tasks.judge, "delay", tasks.judge)
    with django_capture_on_commit_callbacks(execute=True):
        told = text(bob.post(PAGE, TARGETS, follow=True))
    assert "These targets hold from now on" in told
    assert AuditEntry.objects.filter(act="targets changed").count() == 1
    assert Task.objects.filter(answers_given=2, answers_wanted=3).count() == 1
    assert "hold already" in text(bob.post(PAGE, TARGETS, follow=True))
    assert AuditEntry.objects.filter(act="targets changed").count() == 1
    refused = bob.post(PAGE, TARGETS | {"target_group": ""})
    assert refused.status_code == 422
    assert "No target is set" in text(refused)
    assert "Between 5 and 4 answers" in text(bob.post(PAGE, TARGETS | {"answers_least": 5}))


def test_who_asks_everybody_alike_may_begin_to_ask_until_sure(bob, campaign):
    Campaign.objects.update(adaptive=False, answers_per_unit=3)
    assert "Ask until sure instead" in text(bob.get(PAGE))
    bob.post(PAGE, TARGETS)
    assert Campaign.objects.get().adaptive


def test_strangers_read_and_may_not_change(client, other_researcher, campaign):
    client.force_login(other_researcher)
    assert "maker and an admin may change" in text(client.get(PAGE))
    assert client.post(PAGE, TARGETS).status_code == 403
