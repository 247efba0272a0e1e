"""The pages of a running campaign: live, pay, files, extend, clone."""

import csv
import io
import json
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from annotate.models import AuditEntry, Campaign, Worker
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
PAY = {"pay_per_answer": "0.12", "pay_per_hour": "0", "currency": "USD", "fee": "20"}


def page_of(campaign, name):
    """Return the address of one of a campaign's pages."""
    return reverse(f"annotate:{name}", args=[campaign.slug])


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of three units in one of two layers, with two answers."""
    run = a_finished_run(units=3, layers=2)
    made = open_small_campaign(run=run, slug="rooms", user=researcher, layers=["conv1"], answers=1)
    worker = a_worker()
    for _ in range(2):
        lease = claim(worker, made, timezone.now())
        submit(lease, a_given(lease, concept="=lamp", focused_seconds=50), timezone.now())
    publish(made)
    return made


def read(client, address):
    """Return a page's text."""
    return unescape(client.get(address).content.decode())


def test_the_live_page_shows_numbers_figures_and_controls(client, researcher, campaign):
    client.force_login(researcher)
    page = read(client, page_of(campaign, "live"))
    assert "2 <small>of 3</small>" in page
    assert 'id="answers-by-hour"' in page
    assert "2 answers in 14 days" in page
    assert Worker.objects.get().pseudonym in page
    assert "Unpaid" in page
    assert 'hx-trigger="every 10s"' in page
    assert page_of(campaign, "campaign_extend") in page
    assert page_of(campaign, "live") in read(client, page_of(campaign, "campaign"))
    part = read(client, page_of(campaign, "live_numbers"))
    assert part.lstrip().startswith('<div class="stack" id="live"')
    Campaign.objects.update(state="closed")
    assert "hx-get" not in read(client, page_of(campaign, "live_numbers"))


def test_another_researcher_reads_and_does_not_change(client, other_researcher, campaign):
    client.force_login(other_researcher)
    page = read(client, page_of(campaign, "live"))
    assert page_of(campaign, "campaign_clone") in page
    assert page_of(campaign, "campaign_extend") not in page
    assert page_of(campaign, "campaign_pay") not in page


def test_simulated_and_published_say_so(client, researcher, campaign):
    client.force_login(researcher)
    Campaign.objects.update(simulated=True)
    page = read(client, page_of(campaign, "live"))
    assert page.count("simulated workers</span>") == 4  # head, workers, two figures
    assert "A rehearsal" in page
    Campaign.objects.update(simulated=False, published=True, state="closed", run=None)
    page = read(client, page_of(campaign, "live"))
    assert "Nobody is asked here" in page
    assert "Alarms" not in page
    assert "Reopen" not in page + read(client, page_of(campaign, "campaign"))


def test_pay_is_kept_once_and_reckoned_with(client, researcher, campaign):
    client.force_login(researcher)
    for _ in range(2):
        assert client.post(page_of(campaign, "campaign_pay"), PAY).status_code == 302
    page = read(client, page_of(campaign, "live"))
    assert "0.12 USD an answer, and a fee of 20%" in page
    assert '<td class="number">0.29</td>' in page
    assert AuditEntry.objects.filter(act="pay changed").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"pay_per_answer": "-1"}, {"currency": "$"}, {"fee": "999"}, {"pay_per_hour": "lots"}]
)
def test_bad_pay_is_told_at_its_place(client, researcher, campaign, wrong):
    client.force_login(researcher)
    answered = client.post(page_of(campaign, "campaign_pay"), PAY | wrong)
    assert answered.status_code == 422
    assert "each says why" in unescape(answered.content.decode())
    assert not Campaign.objects.get().pay_per_answer


def test_answers_are_handed_out_by_pseudonym(client, other_researcher, campaign):
    client.force_login(other_researcher)
    answered = client.get(page_of(campaign, "answers_csv"))
    assert answered["Content-Disposition"] == 'attachment; filename="rooms-answers.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answered.streaming_content).decode())))
    assert {row["worker"] for row in rows} == {Worker.objects.get().pseudonym}
    assert {row["concept"] for row in rows} == {"'=lamp"}
    answered = client.get(page_of(campaign, "answers_jsonl"))
    lines = b"".join(answered.streaming_content).decode().splitlines()
    assert [json.loads(line)["concept"] for line in lines] == ["=lamp", "=lamp"]
    assert len(json.loads(lines[0])["items"]) == 60


def test_a_campaign_is_extended(client, researcher, campaign):
    client.force_login(researcher)
    address = page_of(campaign, "campaign_extend")
    assert "It asks for 1 answer about 3 units" in read(client, address)
    answered = client.post(address, {"answers": 2, "layers": ["conv2"]}, follow=True)
    assert "3 units want more answers now; 3 units added." in answered.content.decode()
    answered = client.post(address, {"answers": 2}, follow=True)
    assert "Nothing was asked for that is not asked already" in answered.content.decode()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "required"),
        ({"answers": 0}, "0 answers per unit: give 1"),
        ({"answers": 2000}, "less than or equal to 1000"),
        ({"answers": 1, "layers": ["conv9"]}, "not one of the available"),
        ({"answers": 1, "units": "conv1/99"}, "has the units 0 to 2"),
    ],
)
def test_a_bad_extension_is_told(client, researcher, campaign, sent, told):
    client.force_login(researcher)
    answered = client.post(page_of(campaign, "campaign_extend"), sent)
    assert answered.status_code == 422
    assert told in unescape(answered.content.decode())


def test_a_clone_is_the_cloners_own(client, other_researcher, campaign):
    client.force_login(other_researcher)
    address = page_of(campaign, "campaign_clone")
    assert "no tutorial and no practice round" in read(client, address)
    answered = client.post(address, {"slug": "again"}, follow=True)
    assert "again is made, and paused" in answered.content.decode()
    made = Campaign.objects.get(slug="again")
    assert (made.created_by, made.tasks.count()) == (other_researcher, 3)
    twice = client.post(address, {"slug": "again"})
    assert (twice.status_code, Campaign.objects.count()) == (422, 2)
    assert "exists already" in twice.content.decode()
    assert client.post(address, {"slug": "new"}).status_code == 422
    assert client.post(address, {"slug": "a b"}).status_code == 422
