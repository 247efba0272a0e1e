"""The pages of a run, each with everybody who may come by."""

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis import tasks
from analysis.models import Run, Segment, State, TopImage
from analysis.models.images import Image
from analysis.services import runs, shards
from tests.analysis.conftest import steps  # noqa: F401  (a fixture)
from tests.analysis.made import a_network, a_run, an_image_set, work_through

pytestmark = [pytest.mark.rows, pytest.mark.django_db, pytest.mark.usefixtures("steps")]
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/"}


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Wake-ups are noted, not sent."""
    messages = []
    monkeypatch.setattr(tasks, "_send", lambda pk, queue: messages.append((pk, queue)))
    return messages


@pytest.fixture
def own_run(researcher):
    """A run that Bob asked for."""
    return a_run(user=researcher)


def address(name, run):
    """Return the address of one of the run's pages."""
    return reverse(f"analysis:{name}", args=[run.short_key])


def form(**changed):
    """Return what a researcher sends to launch a run."""
    return {
        "network": "net",
        "image_set": "photos",
        "layers": ["conv1", "conv2"],
        "top": 60,
        "steps": ["scan", "segment"],
        "precision": "float32",
        "device": "auto",
        **changed,
    }


PAGES = ["run", "run_progress", "run_pictures"]
ACTIONS = ["run_cancel", "run_resume", "run_delete"]


@pytest.mark.parametrize("name", [*PAGES, "run_new"])
def test_nobody_is_sent_to_sign_in(client, name, own_run):
    """Runs are the lab's own business."""
    url = reverse("analysis:run_new") if name == "run_new" else address(name, own_run)
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", [*PAGES, "run_new"])
def test_a_worker_is_refused(client, worker_user, name, own_run):
    """And told whom to ask."""
    client.force_login(worker_user)
    url = reverse("analysis:run_new") if name == "run_new" else address(name, own_run)
    assert client.get(url).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_every_researcher_may_look(client, other_researcher, name, own_run):
    """One lab."""
    client.force_login(other_researcher)
    assert client.get(address(name, own_run)).status_code == 200


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("who", ["worker_user", "other_researcher"])
def test_only_the_creator_or_an_admin_may_change_a_run(client, request, who, name, own_run):
    """Another researcher looks, and keeps his hands off."""
    client.force_login(request.getfixturevalue(who))
    assert client.post(address(name, own_run)).status_code == 403
    own_run.refresh_from_db()
    assert own_run.state == State.WAITING


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_are_posted(client, researcher, name, own_run):
    """A link that somebody follows changes nothing."""
    client.force_login(researcher)
    assert client.get(address(name, own_run)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_not_posted_to(client, researcher, name, own_run):
    """405, not a surprise."""
    client.force_login(researcher)
    assert client.post(address(name, own_run)).status_code == 405


@pytest.mark.parametrize("key", ["0" * 12, "xyz", "0" * 65, "new2"])
def test_an_unknown_run_is_not_found(client, researcher, key):
    """Well formed or not."""
    client.force_login(researcher)
    assert client.get(f"/runs/{key}/").status_code == 404


def test_a_session_that_ended_sends_the_whole_page_to_sign_in(client, own_run):
    """Not a sign-in form inside the page."""
    response = client.get(address("run_progress", own_run), headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith("/sign-in/")


def test_launching_makes_a_run_and_wakes_workers(
    client, researcher, sent, django_capture_on_commit_callbacks
):
    """And shows it."""
    a_network(), an_image_set()
    client.force_login(researcher)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("analysis:run_new"), form(layers=["conv2"], top=9))
    run = Run.objects.get()
    assert response["Location"] == address("run", run)
    assert run.created_by == researcher
    assert (run.recipe["layers"], run.recipe["top"]) == (["conv2"], 9)
    assert sent == [(run.jobs.get(step="scan").pk, "gpu")] * 4
    assert "Launched." in client.get(response["Location"]).content.decode()


def test_launching_twice_shows_the_first(client, researcher):
    """Nothing is computed twice."""
    a_network(), an_image_set()
    client.force_login(researcher)
    one = client.post(reverse("analysis:run_new"), form())
    two = client.post(reverse("analysis:run_new"), form(), follow=True)
    assert two.redirect_chain[-1][0] == one["Location"]
    assert "This run exists already" in two.content.decode()
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"network": "none"}, "No such network"),
        ({"image_set": ""}, "This field is required"),
        ({"layers": ["conv9"]}, "Select a valid choice"),
        ({"layers": []}, "This field is required"),
        ({"top": "0"}, "greater than or equal to 1"),
        ({"top": "many"}, "Enter a whole number"),
        ({"steps": ["segment"]}, "The step segment needs the step scan: ask for both."),
        ({"device": "tpu"}, "Select a valid choice"),
        ({"precision": "int8"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_launched_is_said_beside_it(client, researcher, changed, sentence):
    """With everything else still filled in."""
    a_network(), an_image_set()
    client.force_login(researcher)
    response = client.post(reverse("analysis:run_new"), form(**changed))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Run.objects.exists()


def test_the_form_shows_the_layers_of_the_network_in_the_address(client, researcher):
    """As the console's cards link to it."""
    a_network("a", layers=("early",)), a_network("b", layers=("late",)), an_image_set()
    client.force_login(researcher)
    page = client.get(reverse("analysis:run_new"), {"network": "b"}).content.decode()
    assert "late · 8 units" in page
    assert "early" not in page


def test_the_form_shows_what_exists(client, researcher, own_run):
    """Runs of the chosen two, with their state."""
    client.force_login(researcher)
    page = client.get(reverse("analysis:run_new")).content.decode()
    assert "Runs of these two that exist" in page
    assert own_run.short_key in page


@pytest.mark.parametrize(
    ("make", "wanted"), [(an_image_set, "Add a network"), (a_network, "Add images")]
)
def test_without_anything_to_run_the_page_says_what_is_needed(client, researcher, make, wanted):
    """One sentence, one button."""
    make()
    client.force_login(researcher)
    assert wanted in client.get(reverse("analysis:run_new")).content.decode()


def test_networks_that_are_not_ready_are_not_offered(client, researcher):
    """Nor image sets."""
    a_network(), an_image_set()
    a_network("unread", state=State.WAITING), an_image_set("broken", state=State.FAILED)
    client.force_login(researcher)
    page = client.get(reverse("analysis:run_new")).content.decode()
    assert "unread" not in page
    assert "broken" not in page


def test_a_run_at_work_shows_steps_rate_and_log_and_asks_again(client, researcher, own_run):
    """Every two seconds."""
    job = own_run.jobs.get(step="scan")
    now = timezone.now()
    shards.finish(shards.claim(job, now - timezone.timedelta(seconds=64)), now)
    shards.claim(job, now)
    client.force_login(researcher)
    part = client.get(address("run_progress", own_run), headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    assert "256 of 1,000 images" in part
    assert "images/s" in part
    assert "scan: started, 1,000 images" in part


def test_a_finished_run_asks_no_more_and_offers_the_next_step(client, researcher, own_run):
    """Open a campaign."""
    work_through(own_run)
    client.force_login(researcher)
    page = client.get(address("run", own_run)).content.decode()
    assert "every 2s" not in page
    assert "every 5s" not in page
    assert "Open campaign" in page
    assert "Cancel" not in page


def test_a_run_that_nobody_works_on_says_so(client, researcher, own_run):
    """And how to start a worker."""
    client.force_login(researcher)
    page = client.get(address("run", own_run)).content.decode()
    assert "No worker listens to the queue “gpu”" in page


def test_a_failed_run_says_why_and_may_be_resumed(client, researcher, own_run, steps):  # noqa: F811
    """Its sentence, escaped."""
    steps.trouble[0] = ValueError("<b>a.jpg</b> cannot be read.")
    work_through(own_run)
    client.force_login(researcher)
    page = client.get(address("run", own_run)).content.decode()
    assert "&lt;b&gt;a.jpg&lt;/b&gt; cannot be read." in page
    assert "<b>a.jpg" not in page
    steps.trouble.clear()
    response = client.post(address("run_resume", own_run), follow=True)
    assert "Resumed: 1 shard to do." in response.content.decode()
    assert work_through(own_run).state == State.DONE


def test_cancel_and_resume_by_button_and_both_twice(client, researcher, own_run, sent):
    """The second press says that there was nothing to do."""
    client.force_login(researcher)
    once, twice = (client.post(address("run_cancel", own_run), follow=True) for _ in range(2))
    assert "Cancelled. What is finished is kept" in once.content.decode()
    assert "nothing to cancel: the run is cancelled" in twice.content.decode()
    again = client.post(address("run_resume", own_run), follow=True)
    assert "Resumed: 8 shards to do." in again.content.decode()
    work_through(own_run)
    done = client.post(address("run_resume", own_run), follow=True)
    assert "nothing to resume: the run is done" in done.content.decode()


def test_an_admin_may_cancel_anybodys_run(client, admin, own_run):
    """Dora runs the installation."""
    client.force_login(admin)
    client.post(address("run_cancel", own_run))
    own_run.refresh_from_db()
    assert own_run.state == State.CANCELLED


def test_failed_shards_of_a_running_run_are_offered_again(client, researcher, own_run):
    """Before the others are done."""
    now = timezone.now()
    shards.fail(shards.claim(own_run.jobs.get(step="scan"), now), "broken", now, final=True)
    client.force_login(researcher)
    assert "Try failed shards again" in client.get(address("run", own_run)).content.decode()


def test_a_run_is_deleted_once(client, researcher, own_run):
    """First refused while it waits, then gone, then not found."""
    client.force_login(researcher)
    refused = client.post(address("run_delete", own_run), follow=True)
    assert "cancel it before you delete it" in refused.content.decode()
    runs.cancel(own_run)
    assert client.post(address("run_delete", own_run))["Location"] == "/"
    assert client.post(address("run_delete", own_run)).status_code == 404


def test_pictures_appear_and_are_sent_only_when_there_are_new_ones(client, researcher, own_run):
    """204 leaves the page as it is."""
    client.force_login(researcher)
    url = address("run_pictures", own_run)
    assert client.get(url, {"newest": ""}).status_code == 204
    image = Image.objects.create(image_set=own_run.image_set, number=0, path="a", width=1, height=1)
    unit = own_run.network.layers.first().units.first()
    top = TopImage.objects.create(
        run=own_run, unit=unit, image=image, rank=0, activation=1, row=0, column=0
    )
    segment = Segment.objects.create(top_image=top, token="ab" * 16, field="disc", visible=0.5)
    part = client.get(url, {"newest": ""})
    assert segment.url("segmented", "tile") in part.content.decode()
    assert client.get(url, {"newest": segment.pk}).status_code == 204
    runs.cancel(own_run)
    last = client.get(url, {"newest": segment.pk})
    assert "every 5s" not in last.content.decode()


def test_a_run_without_the_step_says_which_one_makes_pictures(client, researcher, own_run):
    own_run.recipe["steps"] = ["scan", "localise"]
    own_run.save(update_fields=["recipe"])
    client.force_login(researcher)
    page = client.get(address("run_pictures", own_run)).content.decode()
    assert "This run makes no pictures: the step segment does" in page
    assert "only scans" not in page


def test_the_recipe_stands_on_the_page_for_a_methods_section(client, researcher, own_run):
    """In words, and with every parameter."""
    client.force_login(researcher)
    page = client.get(address("run", own_run)).content.decode()
    assert "We ran the network net" in page
    assert own_run.key in page


def test_the_admin_site_lists_runs_and_acts_on_them(client, admin, own_run, sent):
    """Cancel, resume, wake; adding leads to the page made for it."""
    client.force_login(admin)
    url = reverse("admin:analysis_run_changelist")
    assert own_run.short_key in client.get(url).content.decode()
    for action, state in (("cancel", "cancelled"), ("resume", "waiting"), ("wake", "waiting")):
        client.post(url, {"action": action, "_selected_action": [own_run.pk]})
        own_run.refresh_from_db()
        assert own_run.state == state
    assert client.get(reverse("admin:analysis_run_add"))["Location"] == reverse("analysis:run_new")
    for name in ("job", "shard", "logline", "listener"):
        assert client.get(reverse(f"admin:analysis_{name}_changelist")).status_code == 200
        assert client.get(reverse(f"admin:analysis_{name}_add")).status_code == 403
    assert client.post(reverse("admin:analysis_run_delete", args=[own_run.pk])).status_code == 403
