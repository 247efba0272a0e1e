"""The review queue: works, nobody, stranger, wrong method, bad input, twice; the worker's side."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.models import Segment, UnitSemantics
from annotate.models import Answer, Assignment, Review, Worker
from annotate.services.assignments import claim, give_back
from annotate.services.consensus import publish
from annotate.services.reviews import begin
from annotate.services.submission import submit
from annotate.services.workers import worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.pages.label_pages import answer_to

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAGE = reverse("annotate:review", args=["kitchens"])
WORDS = (("lamp", "lamp", "sofa"), ("lamp", "sofa", "carpet"), ("lamp", "lamp", "lamp"))


def decide(answer):
    """Return where an answer is judged."""
    return reverse("annotate:review_decide", args=["kitchens", answer.pk])


def of_task(name, task):
    """Return an address of a unit that a reviewer answers."""
    return reverse(f"annotate:review_{name}", args=["kitchens", task.pk])


@pytest.fixture
def campaign(researcher, worker_user):
    """Bob's campaign of four units: agreed by two of three, disputed, agreed by all, unasked.

    Alice is the first who answers; of the agreed unit she marks one image more than the others.
    """
    made = open_small_campaign(units=4, slug="kitchens", user=researcher, title="Kitchens")
    for number, worker in enumerate((worker_for(worker_user), a_worker(), a_worker())):
        while lease := claim(worker, made, timezone.now()):
            channel = lease.task.unit.channel
            if channel == 3:
                give_back(lease, timezone.now())
                continue
            more = [next(i for i in range(60) if i not in lease.task.controls)]
            rejected = [*lease.task.controls, *(more if (channel, number) == (2, 0) else [])]
            words = WORDS[channel][number]
            submit(lease, a_given(lease, concept=words, rejected=rejected), timezone.now())
    publish(made)
    return made


@pytest.fixture
def bob(client, researcher, campaign):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


def shown(client, show=""):
    """Return the units of the page in their order."""
    body = client.get(PAGE, {"show": show} if show else {}).content.decode()
    return re.findall(r'">(conv1/\d)</a>', body)


# ---- The queue ----------------------------------------------------------------------------------
def test_disagreements_come_first_and_answers_stand_side_by_side(bob, campaign):
    # Three of three differ; two of three agree; all agree, and one image is judged otherwise.
    assert shown(bob) == ["conv1/1", "conv1/0", "conv1/2"]
    assert shown(bob, "disputed") == ["conv1/1"]
    body = bob.get(PAGE).content.decode()
    assert "3 of 3 answers" in body
    for answer in Answer.objects.select_related("worker"):
        assert f"Answer of {answer.worker.pseudonym}" in body
    assert "1 image judged unlike the others" in body
    assert body.count('class="small cross"') == 1
    assert body.count("0 of 3</dd>") == 9  # planted negatives left in
    assert "Answer it yourself" in body


def test_the_filters_follow_what_is_done(bob, campaign):
    answers = list(Answer.objects.filter(task=Answer.objects.first().task))
    unit = f"conv1/{answers[0].task.unit.channel}"
    for answer in answers:
        bob.post(decide(answer), {"verdict": "accept"})
    assert unit not in shown(bob)
    assert unit in shown(bob, "all")
    bob.post(decide(answers[0]), {"verdict": "send back", "comment": "look"})
    assert shown(bob, "sent-back") == [unit]
    bob.post(decide(answers[0]), {"verdict": "reject", "comment": "no"})
    assert (shown(bob, "sent-back"), shown(bob, "rejected")) == ([], [unit])
    assert len(shown(bob, "nonsense")) == 2
    assert bob.get(PAGE, {"page": "x", "show": "all"}).status_code == 200
    assert bob.get(PAGE, {"page": "99", "show": "\x00"}).status_code == 200


def test_an_empty_queue_says_what_will_stand_here(client, researcher):
    open_small_campaign(units=1, slug="kitchens", user=researcher)
    client.force_login(researcher)
    assert "Nothing waits to be looked at" in client.get(PAGE).content.decode()
    assert (
        "No unit of this campaign is like that"
        in client.get(PAGE, {"show": "all"}).content.decode()
    )


def test_it_takes_few_queries_however_many_answers(bob, campaign, django_assert_max_num_queries):
    Segment.objects.order_by("pk").first().delete()  # a lost picture is no fault
    with django_assert_max_num_queries(10):
        assert bob.get(PAGE, {"show": "all"}).status_code == 200


# ---- Verdicts -----------------------------------------------------------------------------------
def test_each_verdict_is_done_and_told(bob, campaign):
    answer = Answer.objects.first()
    place = {"show": "all", "page": "1"}
    back = f"{PAGE}?show=all&page=1#unit-{answer.task_id}"
    for sent, told in (
        ({"verdict": "accept"}, "Accepted."),
        ({"verdict": "send back", "comment": "the floor"}, "gets the unit as his next one"),
        ({"verdict": "reject", "comment": "no"}, "in the queue again, for another worker"),
        ({"verdict": "restore"}, "counts again"),
    ):
        for _ in range(2):  # a double click does it once
            assert bob.post(decide(answer), {**sent, **place}).url == back
        assert told in bob.get(PAGE).content.decode()
    verdicts = list(Review.objects.order_by("pk").values_list("verdict", "end"))
    assert verdicts == [("accept", ""), ("send back", "withdrawn"), ("reject", ""), ("restore", "")]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "Say what to do"),
        ({"verdict": "burn"}, "“burn” is no verdict"),
        ({"verdict": "reject"}, "Say why it is rejected"),
        ({"verdict": "reject", "comment": " \u202e "}, "Say why it is rejected"),
        ({"verdict": "send back", "comment": "a\x00b"}, "Null characters"),
        (
            {"verdict": "send back", "comment": "<b>" * 3334},
            "Shorten it to 2000 characters; it has 10002",
        ),
        ({"verdict": "restore"}, "nothing to undo"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_typed_is_lost(bob, campaign, sent, told):
    answer = Answer.objects.first()
    reply = bob.post(decide(answer), {"show": "all", **sent})
    body = reply.content.decode()
    assert (reply.status_code, told in body, "Nothing was changed" in body) == (422, True, True)
    assert "<b><b>" not in body
    if len(sent.get("comment", "")) > 2000:
        assert "&lt;b&gt;" * 3334 in body
    assert not Review.objects.exists()


def test_a_comment_is_shown_as_text_to_everybody(bob, campaign, worker_user):
    answer = Answer.objects.get(worker__user=worker_user, task__unit__channel=2)
    bob.post(decide(answer), {"verdict": "reject", "comment": "<script>alert(1)</script>\nno"})
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt;<br>no"
        in bob.get(PAGE, {"show": "rejected"}).content.decode()
    )
    bob.force_login(worker_user)
    for address in ("/label/", "/label/you/answers/"):
        body = bob.get(address).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>no" in body
        assert "ejected" in body
        assert "bob" not in body  # who it was, a worker is not told


def test_only_its_maker_and_an_admin_act(client, campaign, other_researcher, admin, worker_user):
    answer = Answer.objects.first()
    addresses = [decide(answer), *(of_task(n, answer.task) for n in ("begin", "submit", "draft"))]
    assert "/sign-in/" in client.post(addresses[0]).url
    for user, look in ((worker_user, 403), (other_researcher, 200)):
        client.force_login(user)
        assert client.get(PAGE).status_code == look
        for address in addresses:
            assert client.post(address, {"verdict": "accept"}).status_code == 403
        assert client.get(of_task("label", answer.task)).status_code == 403
    assert "you may look" in client.get(f"{PAGE}?show=all").content.decode()
    assert "Accept<" not in client.get(f"{PAGE}?show=all").content.decode()
    client.force_login(admin)
    assert client.post(addresses[0], {"verdict": "accept"}).status_code == 302


def test_answers_of_another_campaign_do_not_exist(bob, campaign, researcher):
    other = open_small_campaign(units=1, slug="other", user=researcher)
    lease = claim(a_worker(), other, timezone.now())
    foreign = submit(lease, a_given(lease), timezone.now())
    assert bob.post(decide(foreign), {"verdict": "accept"}).status_code == 404
    assert bob.post(of_task("begin", lease.task)).status_code == 404
    mine = Answer.objects.filter(task__campaign=campaign).first()
    mine.task.campaign.tasks.filter(pk=mine.task_id).update(purpose="gold")
    assert bob.post(decide(mine), {"verdict": "accept"}).status_code == 404


def test_a_closed_campaign_is_reviewed_but_sends_nothing_back(bob, campaign):
    type(campaign).objects.update(state="closed")
    answer = Answer.objects.first()
    reply = bob.post(decide(answer), {"verdict": "send back", "comment": "x"})
    assert (reply.status_code, b"reopen it first" in reply.content) == (422, True)
    bob.post(decide(answer), {"verdict": "reject", "comment": "x"})
    assert "campaign is closed: reopened, it asks" in bob.get(PAGE).content.decode()


# ---- Answering it oneself -----------------------------------------------------------------------
def test_a_unit_is_answered_on_the_task_page(bob, campaign, researcher):
    task = Answer.objects.first().task
    assert bob.get(of_task("label", task)).url == PAGE  # not begun
    assert bob.post(of_task("submit", task), {}).status_code == 404
    for _ in range(2):
        assert bob.post(of_task("begin", task)).url == of_task("label", task)
    body = bob.get(of_task("label", task)).content.decode()
    assert "counted, and marked as a reviewer’s" in body
    lease = Assignment.objects.get(worker__user=researcher)
    kept = bob.post(of_task("draft", task), {"concept": "set", "version": str(10**14)}).json()
    assert (kept["version"], kept["held"]) == (10**14, True)
    assert 'value="set"' in bob.get(of_task("label", task)).content.decode()
    bad = bob.post(
        of_task("submit", task), {"concept": "settee"}, headers={"Accept": "application/json"}
    )
    assert (bad.status_code, set(bad.json()["errors"])) == (422, {"category", "images"})
    assert bob.post(of_task("submit", task), {"concept": "settee"}).status_code == 422
    assert bob.post(of_task("draft", task), {"rejected": "x"}).status_code == 422
    for _ in range(2):
        done = bob.post(of_task("submit", task), answer_to(lease, concept="settee"))
        assert done.url == f"{PAGE}?show=all#unit-{task.pk}"
    task.refresh_from_db()
    assert (task.answers_given, task.answers_wanted) == (4, 4)
    body = bob.get(PAGE, {"show": "all"}).content.decode()
    assert '<span class="notice">reviewer</span>' in body
    publish(campaign)
    unit = reverse("analysis:unit", args=[campaign.network.slug, "conv1", task.unit.channel])
    assert "a reviewer who had read the others’" in bob.get(unit).content.decode()
    assert UnitSemantics.objects.get(unit=task.unit).answers == 4
    assert bob.get(of_task("label", task)).url == PAGE


def test_who_answered_as_a_worker_is_told_so(bob, campaign, researcher):
    lease = claim(worker_for(researcher), campaign, timezone.now())
    submit(lease, a_given(lease), timezone.now())
    assert bob.post(of_task("begin", lease.task)).url == PAGE
    assert "as a worker already" in bob.get(PAGE).content.decode()


def test_a_unit_that_teaches_meanwhile_is_not_answered(bob, campaign, researcher):
    task = campaign.tasks.get(answers_given=0)
    lease = begin(task, timezone.now(), researcher)
    campaign.tasks.filter(pk=task.pk).update(answers_wanted=0)
    reply = bob.post(of_task("submit", task), answer_to(lease), follow=True)
    assert "This unit teaches now" in reply.content.decode()


# ---- The worker's side --------------------------------------------------------------------------
def test_the_worker_is_told_and_finds_the_unit_with_the_comment(bob, campaign, worker_user):
    answer = Answer.objects.filter(worker__user=worker_user).first()
    bob.post(decide(answer), {"verdict": "send back", "comment": "Look at\nthe floor."})
    bob.force_login(worker_user)
    home = bob.get("/label/").content.decode()
    assert "Sent back:" in home
    assert "Look at<br>the floor." in home
    page = bob.get(bob.get("/label/kitchens/").url)
    body = page.content.decode()
    assert "Sent back to you" in body
    assert f'value="{answer.concept}"' in body
    keep = reverse("annotate:label_keep", args=["kitchens", answer.assignment_id])
    assert keep in body
    history = bob.get("/label/you/answers/").content.decode()
    assert "It counts until you answer again." in history
    assert bob.get(keep).status_code == 405
    for _ in range(2):
        assert bob.post(keep).url == "/label/"
    assert "stays as it was" in bob.get("/label/").content.decode()
    assert Review.objects.get().end == "kept"
    told = bob.get("/label/you/answers.json").json()["answers"]
    assert {row["review_comment"] for row in told} == {"", "Look at\nthe floor."}
    assert Worker.objects.get(user=worker_user).answers.filter(counts=True).count() == 3
