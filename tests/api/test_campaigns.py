"""`campaigns/`: researchers list campaigns with their progress, and open them."""

import pytest

from annotate.models import Campaign
from tests.annotate import factories
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/campaigns/"


@pytest.fixture
def run(db):
    return factories.a_finished_run(units=3)


@pytest.fixture
def asked(run):
    return {"slug": "first", "run": run.key[:12]}


def test_a_researcher_lists_campaigns_with_their_progress(bob, run, researcher):
    campaign = factories.open_small_campaign(run=run, slug="first", user=researcher)
    campaign.tasks.filter(pk=campaign.tasks.first().pk).update(answers_given=3)
    row = results(bob.get(ADDRESS))[0]
    assert (row["slug"], row["state"], row["created_by"]) == ("first", "open", "bob")
    assert (row["network"], row["image_set"]) == (run.network.slug, run.image_set.slug)
    assert (row["run"], row["images_per_task"]) == (run.key, 60)
    assert (row["tasks"], row["tasks_done"]) == (3, 1)
    assert (row["answers_wanted"], row["answers_given"]) == (9, 3)


def test_the_secret_of_the_link_is_not_told(bob, run):
    campaign = factories.open_small_campaign(run=run)
    assert campaign.link_token.encode() not in bob.get(ADDRESS).content


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_and_workers_neither_see_nor_open(nobody, alice, asked, method):
    refused(getattr(nobody, method)(ADDRESS, asked), 401, "not_authenticated")
    refused(getattr(alice, method)(ADDRESS, asked), 403, "permission_denied")
    assert not Campaign.objects.exists()


def test_it_knows_get_and_post(bob):
    knows_only(bob, ADDRESS, "get", "post")


def test_filters_narrow_the_list(bob, run):
    factories.open_small_campaign(run=run, slug="open")
    shut = factories.open_small_campaign(run=run, slug="shut", simulated=True)
    Campaign.objects.filter(pk=shut.pk).update(state="closed")
    for query, slugs in (
        ({"state": "closed"}, ["shut"]),
        ({"simulated": "false"}, ["open"]),
        ({"network": run.network.slug, "ordering": "slug"}, ["open", "shut"]),
    ):
        assert [row["slug"] for row in results(bob.get(ADDRESS, query))] == slugs


@pytest.mark.parametrize("name", ["link_token", "link_token__startswith", "created_by__password"])
def test_secrets_cannot_be_guessed_through_filters(bob, name):
    refused(bob.get(ADDRESS, {name: "a"}), 400, "invalid", **{name: "no such parameter"})


def test_pages_give_every_row_once_without_growing_queries(bob, run, django_assert_num_queries):
    for slug in "abc":
        factories.open_small_campaign(run=run, slug=slug)
    pages = all_pages(bob, f"{ADDRESS}?limit=2")
    assert [row["slug"] for page in pages for row in page] == ["c", "b", "a"]
    with django_assert_num_queries(3):  # token, role, campaigns
        bob.get(ADDRESS)


def test_a_campaign_is_opened_with_its_tasks(bob, asked, run, researcher):
    more = {"title": "Lamps", "units": ["conv1/0-1"], "answers": 5, "access": "link", "controls": 2}
    response = bob.post(ADDRESS, asked | more)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["slug"], body["title"], body["tasks"]) == ("first", "Lamps", 2)
    assert (body["answers_wanted"], body["controls"], body["access"]) == (10, 2, "link")
    campaign = Campaign.objects.get()
    assert (campaign.run, campaign.created_by) == (run, researcher)
    assert campaign.simulated is False
    assert (body["gold_first"], body["gold_least"], body["repeat_rate"]) == (5, 25, 0)


def test_a_campaign_may_ask_until_sure(bob, asked):
    until = {"adaptive": True, "answers_least": 2, "answers_most": 4, "target_group": None}
    more = until | {"target_concept_share": 0.6}
    body = bob.post(ADDRESS, asked | more).json()
    assert {name: body[name] for name in more} == more
    assert body["answers_per_unit"] == 2
    said = refused(bob.post(ADDRESS, asked | until | {"slug": "b"}), 400, "invalid")
    assert "no target is set" in said
    for wrong in ({"target_group": 2}, {"target_width": "Infinity"}, {"answers_least": 9}):
        answered = bob.post(ADDRESS, asked | until | wrong | {"slug": "b"})
        assert answered.status_code == 400
    assert Campaign.objects.count() == 1


def test_opening_twice_is_a_conflict_and_changes_nothing(bob, asked):
    assert bob.post(ADDRESS, asked).status_code == 201
    message = refused(bob.post(ADDRESS, asked | {"title": "Other"}), 409, "conflict")
    assert message == "There is a campaign called first already: choose another name."
    assert Campaign.objects.get().title != "Other"


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"slug": "a b"}, "slug", "valid"),
        ({"run": "xyz"}, "run", "required pattern"),
        ({"run": "f" * 64}, "run", "There is no run"),
        ({"answers": 0}, "answers", "greater than or equal to 1"),
        ({"images_per_task": 9}, "images_per_task", "greater than or equal to 12"),
        ({"access": "all"}, "access", "not a valid choice"),
        ({"simulated": True}, "simulated", "no such field"),
        ({"layers": "conv1"}, "layers", "Expected a list"),
        ({"guidelines": "x" * 20_001}, "guidelines", "no more than 20000"),
    ],
)
def test_bad_fields_are_named(bob, asked, more, field, said):
    refused(bob.post(ADDRESS, asked | more), 400, "invalid", **{field: said})
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"layers": ["conv9"]}, "no layer 'conv9'"),
        ({"units": ["conv1/7"]}, "has the units 0 to 2"),
        ({"units": ["conv1"]}, "names no units"),
        ({"controls": 100}, "planted negatives"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(bob, asked, more, said):
    assert said in refused(bob.post(ADDRESS, asked | more), 400, "invalid")
    assert not Campaign.objects.exists()
