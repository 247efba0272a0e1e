"""The researcher's pages of a campaign: open, watch, pause, close, publish; and the admin site."""

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate import tasks
from annotate.models import Answer, Campaign
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

NEW = reverse("annotate:campaign_new")


def page_of(campaign, name="campaign"):
    """Return the address of one of a campaign's pages."""
    return reverse(f"annotate:{name}", args=[campaign.slug])


def answer(campaign, worker=None, **changed):
    """Have somebody answer the next unit."""
    lease = claim(worker or a_worker(), campaign, timezone.now())
    return submit(lease, a_given(lease, **changed), timezone.now())


@pytest.fixture
def run():
    """A finished run of two layers."""
    return a_finished_run(units=3, layers=2)


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of four units."""
    return open_small_campaign(slug="kitchens", user=researcher, title="Kitchens")


def filled(run, **changed):
    """Return the form as a browser sends it."""
    return {
        "slug": "kitchens", "title": "Kitchens", "layers": ["conv2"], "units": "", "answers": 3,
        "images_per_task": 60, "controls": 3, "control_rule": "lenient", "control_attempts": 3,
        "minimum_kept": 10, "lease_minutes": 20, "access": "link", "guidelines": "Be *kind*.",
        "control_band": "weaker", "gold_first": 4, "gold_least": 20, "repeat_rate": 10,
        "repeat_after": 30,
        **changed,
    }  # fmt: skip


def test_the_first_step_lists_finished_runs(client, researcher, run):
    client.force_login(researcher)
    page = client.get(NEW)
    assert run.short_key in page.content.decode()


def test_without_a_run_the_page_says_what_is_missing(client, researcher):
    client.force_login(researcher)
    assert "there is none yet" in client.get(NEW).content.decode()


def test_a_campaign_is_opened(client, researcher, run):
    client.force_login(researcher)
    address = f"{NEW}?run={run.short_key}"
    assert "Open the campaign" in client.get(address).content.decode()
    answered = client.post(address, filled(run))
    campaign = Campaign.objects.get()
    assert answered.url == page_of(campaign)
    assert (campaign.created_by, campaign.access, campaign.tasks.count()) == (researcher, "link", 3)
    assert (campaign.gold_first, campaign.gold_least, campaign.control_band) == (4, 20, "weaker")
    page = client.get(answered.url).content.decode()
    assert "by no known unit; 1 in 10 repeated after 30 or more" in page
    assert "from the weaker half of the weakest images" in page


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"slug": "two words"}, "valid “slug”"),
        ({"slug": "new"}, "address of a page"),
        ({"layers": []}, "required"),
        ({"layers": ["conv9"]}, "not one of the available"),
        ({"answers": 0}, "greater than or equal to 1"),
        ({"images_per_task": 500}, "less than or equal to 120"),
        ({"units": "conv1"}, "names no units"),
        ({"minimum_kept": 60}, "kept cannot be asked"),
        ({"access": "all"}, "Select a valid choice"),
        ({"control_band": "middle"}, "Select a valid choice"),
        ({"gold_least": 2}, "Known units become fewer as trust grows"),
        ({"repeat_after": 3}, "greater than or equal to 15"),
    ],
)
def test_bad_entries_are_told_and_nothing_typed_is_lost(client, researcher, run, changed, told):
    client.force_login(researcher)
    answered = client.post(f"{NEW}?run={run.short_key}", filled(run, **changed))
    assert answered.status_code == 422
    assert told in answered.content.decode().replace("&#x27;", "'")
    assert "Be *kind*." in answered.content.decode()
    assert not Campaign.objects.exists()


def test_a_name_is_taken_once(client, researcher, run):
    client.force_login(researcher)
    address = f"{NEW}?run={run.short_key}"
    client.post(address, filled(run))
    again = client.post(address, filled(run))
    assert again.status_code == 422
    assert "exists already" in again.content.decode()
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("key", ["", "0" * 12, "%", "-"])
def test_an_unknown_run_is_not_found(client, researcher, run, key):
    client.force_login(researcher)
    assert client.post(f"{NEW}?run={key}", filled(run)).status_code == 404


def test_the_page_shows_how_the_campaign_stands(client, researcher, campaign):
    first = answer(campaign)
    answer(campaign, concept="<script>alert(1)</script> pool", category="scene")
    publish(campaign)
    client.force_login(researcher)
    body = client.get(page_of(campaign)).content.decode()
    assert f"http://testserver/label/kitchens/?k={campaign.link_token}" in body
    assert str(first.concept) in body
    assert "tie of concepts" in body
    assert "<script>alert" not in body
    assert 'hx-trigger="every 10s"' in body
    assert first.worker.pseudonym not in body


def test_guidelines_are_made_safe(client, researcher):
    text = "# How\n\n*Look* <img src=x onerror=alert(1)> [here](javascript:alert(1))"
    campaign = open_small_campaign(user=researcher, guidelines=text)
    client.force_login(researcher)
    body = client.get(page_of(campaign)).content.decode()
    assert "<em>Look</em>" in body
    assert "<img src=x" not in body
    assert 'href="javascript' not in body


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", 4),
        ("?show=labelled", 2),
        ("?show=disputed", 1),
        ("?show=waiting", 4),
        ("?show=nonsense&layer=nowhere&page=999", 4),
        ("?layer=conv1", 4),
    ],
)
def test_the_table_can_be_narrowed(client, researcher, campaign, query, rows):
    worker = a_worker()
    answer(campaign, worker)
    answer(campaign, worker)
    answer(campaign, concept="something else")
    publish(campaign)
    client.force_login(researcher)
    assert len(client.get(page_of(campaign) + query).context["rows"]) == rows


def test_the_progress_renews_itself_until_all_is_there(client, researcher):
    campaign = open_small_campaign(units=1, answers=1)
    client.force_login(researcher)
    assert b"every 10s" in client.get(page_of(campaign, "campaign_progress")).content
    answer(campaign)
    assert b"every 10s" not in client.get(page_of(campaign, "campaign_progress")).content


def test_a_simulated_campaign_says_so_and_shares_no_link(client, researcher):
    campaign = open_small_campaign(simulated=True)
    client.force_login(researcher)
    body = client.get(page_of(campaign)).content.decode()
    assert "simulated workers" in body
    assert campaign.link_token not in body


def test_the_owner_pauses_closes_and_reopens(client, researcher, campaign):
    client.force_login(researcher)
    for to, state in [
        ("pause", "paused"), ("pause", "paused"), ("close", "closed"), ("reopen", "open"),
        ("explode", "open"),
    ]:  # fmt: skip
        answered = client.post(page_of(campaign, "campaign_turn"), {"to": to})
        assert answered.url == page_of(campaign)
        campaign.refresh_from_db()
        assert campaign.state == state


def test_publishing_is_handed_to_a_worker(
    client, researcher, campaign, monkeypatch, django_capture_on_commit_callbacks
):
    answer(campaign)
    monkeypatch.setattr(tasks.publish, "delay", tasks.publish.run)
    client.force_login(researcher)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(page_of(campaign, "campaign_publish"))
    assert UnitSemantics.objects.get().origin == "kitchens"


# ---- Who may ---------------------------------------------------------------------------------
READS = ["campaign", "campaign_progress"]
WRITES = ["campaign_turn", "campaign_publish"]


def addresses(campaign):
    """Return every address with the method it takes."""
    yield "get", NEW
    yield "post", NEW
    for name in READS:
        yield "get", page_of(campaign, name)
    for name in WRITES:
        yield "post", page_of(campaign, name)


def test_nobody_is_sent_to_sign_in(client, campaign):
    for method, address in addresses(campaign):
        assert getattr(client, method)(address).url.startswith("/sign-in/")


def test_a_worker_is_turned_away(client, worker_user, campaign):
    client.force_login(worker_user)
    for method, address in addresses(campaign):
        assert getattr(client, method)(address).status_code == 403


def test_another_researcher_looks_but_does_not_touch(client, other_researcher, campaign):
    client.force_login(other_researcher)
    for name in READS:
        assert client.get(page_of(campaign, name)).status_code == 200
    assert "Publish now</button>" not in client.get(page_of(campaign)).content.decode()
    for name in WRITES:
        assert client.post(page_of(campaign, name), {"to": "close"}).status_code == 403
    campaign.refresh_from_db()
    assert campaign.state == "open"


def test_an_admin_may_turn_any_campaign(client, admin, campaign):
    client.force_login(admin)
    client.post(page_of(campaign, "campaign_turn"), {"to": "close"})
    campaign.refresh_from_db()
    assert campaign.state == "closed"


def test_wrong_methods_and_unknown_campaigns_are_refused(client, researcher, campaign):
    client.force_login(researcher)
    for name in READS:
        assert client.post(page_of(campaign, name)).status_code == 405
        assert client.get(reverse(f"annotate:{name}", args=["absent"])).status_code == 404
    for name in WRITES:
        assert client.get(page_of(campaign, name)).status_code == 405
        assert client.post(reverse(f"annotate:{name}", args=["absent"])).status_code == 404


# ---- Admin site ------------------------------------------------------------------------------
@pytest.mark.parametrize("model", ["campaign", "task", "worker", "assignment", "answer"])
def test_the_admin_site_lists_and_shows_rows(client, admin, campaign, model):
    given = answer(campaign)
    row = {
        "campaign": campaign, "task": given.task, "worker": given.worker,
        "assignment": given.assignment, "answer": given,
    }[model]  # fmt: skip
    client.force_login(admin)
    assert client.get(reverse(f"admin:annotate_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:annotate_{model}_change", args=[row.pk])).status_code == 200
    assert client.get(reverse(f"admin:annotate_{model}_add")).status_code == 403
    if model == "answer":
        delete = reverse("admin:annotate_answer_delete", args=[row.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403
        change = reverse("admin:annotate_answer_change", args=[row.pk])
        assert client.post(change, {"concept": "other"}).status_code == 403
        assert Answer.objects.get().concept == "billiard table"


def test_the_admin_site_turns_campaigns(client, admin, campaign):
    client.force_login(admin)
    lists = reverse("admin:annotate_campaign_changelist")
    for action, state in [("pause", "paused"), ("close", "closed"), ("reopen", "open")]:
        client.post(lists, {"action": action, "_selected_action": [campaign.pk]})
        campaign.refresh_from_db()
        assert campaign.state == state
