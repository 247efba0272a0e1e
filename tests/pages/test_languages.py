"""Two languages: which one a page is in, how it is changed, and what never changes with it."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from analysis.models import UnitSemantics
from annotate.core.rules import Given, Terms, faults
from annotate.models import Answer, Campaign
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from annotate.services.workers import worker_for
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.lessons import a_lesson, practise
from tests.pages.label_pages import answer_to, at

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-CH,de;q=0.9,en;q=0.5"}
JSON = {"HTTP_ACCEPT": "application/json"}
CHOOSE = "/language/"


@pytest.fixture
def german(client, worker_user):
    """Alice, signed in, with a German browser."""
    speaks = Client(**GERMAN)
    speaks.force_login(worker_user)
    return speaks


# ---- Which language -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "got"),
    [("", "en"), ("de", "de"), ("de-AT,en;q=0.3", "de"), ("fr,de;q=0.5", "de"), ("ja", "en")],
)
def test_the_browser_says_which(client, asked, got):
    reply = client.get("/sign-in/", HTTP_ACCEPT_LANGUAGE=asked)
    assert f'<html lang="{got}">' in reply.content.decode()
    assert reply["Content-Language"] == got
    assert {"Accept-Language", "Cookie"} <= {word.strip() for word in reply["Vary"].split(",")}
    assert ("Benutzername" in reply.content.decode()) == (got == "de")


def test_an_error_page_speaks_the_language_too(client):
    page = client.get("/nothing/here/", **GERMAN)
    assert page.status_code == 404
    assert "Hier ist nichts" in page.content.decode()


def test_a_page_in_english_only_says_so_where_others_offer_german(client):
    english, both = client.get("/atlas/concepts/"), client.get("/sign-in/")
    assert "English only" in english.content.decode()
    assert 'value="de"' not in english.content.decode()
    assert "English only" not in both.content.decode()
    assert 'value="de"' in both.content.decode()


def test_the_page_of_a_broken_server_asks_for_nothing_else():
    page = render_to_string("500.html")
    assert re.findall(r'(?:href|src)="([^"]*)"', page) == ["data:,", "/"]


def test_the_choice_outweighs_the_browser_and_leads_back(client):
    page = client.get("/sign-in/?next=/account/", **GERMAN).content.decode()
    assert 'value="/sign-in/?next=/account/"' in page
    assert re.search(r'<button[^>]*value="en" lang="en">English</button>', page)
    for _ in range(2):  # twice is once
        sent = {"language": "en", "next": "/sign-in/?next=/account/"}
        reply = client.post(CHOOSE, sent, **GERMAN)
        assert reply["Location"] == sent["next"]
    cookie = reply.cookies["unitscope_language"]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("en", "Lax", True)
    assert '<html lang="en">' in client.get("/sign-in/", **GERMAN).content.decode()


def test_bad_choices_change_nothing(client):
    assert client.get(CHOOSE).status_code == 405
    for language in ("", "xx", "de\0", "e" * 5000):
        assert client.post(CHOOSE, {"language": language}).status_code == 400
    foreign = client.post(CHOOSE, {"language": "de"}, HTTP_ORIGIN="https://evil.example")
    assert foreign.status_code == 403
    own = client.post(CHOOSE, {"language": "de"}, HTTP_ORIGIN="http://testserver")
    assert own.status_code == 302
    for away in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\0", ""):
        assert client.post(CHOOSE, {"language": "de", "next": away})["Location"] == "/"
    client.cookies["unitscope_language"] = "../../xx"
    assert '<html lang="en">' in client.get("/sign-in/").content.decode()


def test_an_answer_to_a_post_offers_no_other_language(client):
    assert "Deutsch" in client.get("/sign-in/").content.decode()
    assert "Deutsch" not in client.post("/sign-in/", {"username": "x"}).content.decode()


# ---- The worker's sentences ---------------------------------------------------------------------
def test_what_is_wrong_is_said_in_german(german, worker_user):
    campaign = open_small_campaign(units=1, slug="rooms", access=Campaign.Access.MEMBERS)
    held = claim(worker_for(worker_user), campaign, timezone.now())
    bad = answer_to(held, concept="12", category="", rejected="")
    errors = german.post(at("submit", held), bad, **JSON).json()["errors"]
    assert errors == {
        "concept": "„12“ enthält keinen Buchstaben: Schreib es in Worten.",
        "category": "Wähle eine der sechs Gruppen.",
        "images": "Markiere die Bilder, die nicht passen, oder sag, dass alle passen.",
    }
    page = german.post(at("submit", held), answer_to(held, rejected="3,x")).content.decode()
    assert "keine Nummer eines Bildes" in page
    assert 'id="words"' in german.get(at("task", held)).content.decode()
    assert (
        'id="words"' not in german.get(at("task", held), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    )


def test_sentences_keep_their_values_whatever_stands_in_them(german, worker_user):
    campaign = open_small_campaign(units=1, slug="rooms", access=Campaign.Access.MEMBERS)
    held = claim(worker_for(worker_user), campaign, timezone.now())
    for odd in ("100 %", "{7}", "%(7)", "<7>"):
        sent = answer_to(held, concept=odd)
        errors = german.post(at("submit", held), sent, **JSON).json()["errors"]
        assert errors["concept"].startswith(f"„{odd}“ enthält"), odd


# ---- Machines' numbers and files ----------------------------------------------------------------
def test_no_number_for_a_machine_is_localised(worker_user, researcher):
    campaign = open_small_campaign(units=4, slug="rooms", user=researcher, answers=2)
    for kind in ("tutorial", "practice"):
        a_lesson(campaign, kind)
    practise(campaign, worker_for(worker_user))
    for worker in (worker_for(worker_user), a_worker()):
        practise(campaign, worker)
        lease = claim(worker, campaign, timezone.now())
        submit(lease, a_given(lease), timezone.now())
    publish(campaign)
    UnitSemantics.objects.update(precision=0.625, precision_low=0.5125, precision_high=0.7)
    client = Client(**GERMAN)
    client.force_login(researcher)
    network = campaign.run.network.slug
    done = Answer.objects.first().assignment
    seen = ["/", "/label/", "/label/rooms/learn/", "/label/rooms/tutorial/1/", "/campaigns/rooms/"]
    seen += [f"/atlas/{network}/", f"/atlas/{network}/conv1/", f"/findings/{network}/meanings/"]
    seen += [f"/atlas/{network}/conv1/{done.task.unit.channel}/"]
    for path in seen:
        page = client.get(path, follow=True)
        assert page.status_code == 200, path
        for name, value in re.findall(r'\s([\w-]+)="([^"]*)"', page.content.decode()):
            spoken = name in {
                "aria-label",
                "alt",
                "title",
                "content",
                "data-caption",
                "points",
                "d",
            }
            assert spoken or not re.search(r"\d,\d", value), (path, name, value)
        for points in re.findall(r'points="([^"]*)"', page.content.decode()):
            assert all(re.fullmatch(r"\d+,[\d.]+", pair) for pair in points.split()), path


def test_the_api_and_files_are_the_same_in_any_language(german, client, worker_user):
    campaign = open_small_campaign(units=2, slug="rooms", access=Campaign.Access.MEMBERS)
    held = claim(worker_for(worker_user), campaign, timezone.now())
    submit(held, a_given(held), timezone.now())
    client.force_login(worker_user)
    for path in ("/label/you/answers.csv", "/label/you/answers.json", "/api/v1/", "/healthz"):
        replies = [who.get(path) for who in (client, german)]
        files = [b"".join(one) if one.streaming else one.content for one in replies]
        assert files[0] == files[1], path
        assert "Accept-Language" not in replies[1].get("Vary", ""), path
    for path in ("/api/v1/runs/", "/api/nothing", "/api/v1/units/?category=things"):
        assert client.get(path).content == german.get(path).content, path


def test_a_room_that_is_not_translated_is_english_throughout(client, researcher):
    open_small_campaign(units=1, slug="rooms", user=researcher)
    client.force_login(researcher)
    page = client.get("/campaigns/rooms/", **GERMAN)
    assert '<html lang="en">' in page.content.decode()
    assert "Abmelden" not in page.content.decode()
    assert "Deutsch" not in page.content.decode()


# ---- Words of any language ----------------------------------------------------------------------
WORDS = {
    "arabic": "طاولة بلياردو",
    "hebrew": "שולחן ביליארד",
    "chinese": "台球桌",
    "german": "Billardtisch",
    "emoji": "astronaut 👩‍🚀",
}
OVERRIDE = "\u202eevil\u202c \u2067בית\u2066\u200f"


@pytest.mark.parametrize("said", WORDS.values(), ids=WORDS)
def test_words_of_any_language_stand_apart_on_every_page(client, researcher, said):
    campaign = open_small_campaign(units=1, slug="rooms", user=researcher, answers=1)
    client.force_login(researcher)
    held = claim(worker_for(researcher), campaign, timezone.now())
    form = client.get(at("task", held)).content.decode()
    assert re.search(r'<input id="concept" name="concept" dir="auto"', form)
    done = client.post(at("submit", held), answer_to(held, concept=said), follow=True)
    publish(campaign)
    unit = held.task.unit
    pages = {
        "done": done,
        "yours": client.get("/label/you/answers/"),
        "campaign": client.get("/campaigns/rooms/"),
        "concepts": client.get("/campaigns/rooms/concepts/"),
        "unit": client.get(f"/atlas/{unit.layer.network.slug}/{unit.layer.name}/{unit.channel}/"),
        "layer": client.get(f"/atlas/{unit.layer.network.slug}/{unit.layer.name}/"),
    }
    for name, page in pages.items():
        body = re.sub(r"<title>.*?</title>", "", page.content.decode(), flags=re.DOTALL)
        body = re.sub(r'="[^"]*"', lambda found: found[0] if "auto" in found[0] else "", body)
        apart = re.findall(r"<bdi[^>]*>([^<]*)</bdi>", body)
        apart += re.findall(r'<\w+[^>]* dir="auto"[^>]*>([^<]*)<', body)
        assert said in apart, name
        assert body.count(said) == sum(said in text for text in apart), name


def test_marks_that_turn_the_writing_round_are_taken_out(client, researcher):
    campaign = open_small_campaign(units=1, slug="rooms", user=researcher, answers=1)
    client.force_login(researcher)
    held = claim(worker_for(researcher), campaign, timezone.now())
    client.post(at("submit", held), answer_to(held, concept=OVERRIDE))
    publish(campaign)
    assert Answer.objects.get().concept == UnitSemantics.objects.get().concept == "evil בית"
    for path in ("/label/you/answers/", "/campaigns/rooms/", "/campaigns/rooms/concepts/"):
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069]", client.get(path).content.decode())


def test_the_core_is_english_in_any_language(worker_user):
    campaign = open_small_campaign(units=1, access=Campaign.Access.MEMBERS)
    held = claim(worker_for(worker_user), campaign, timezone.now())
    with translation.override("de"):
        terms = Terms(3, frozenset(), 1, controls_must_be_found=False)
        told = faults(Given("", "object", [0]), terms)
    assert told["concept"] == "Write one or two words for what most of the images share."
    assert reverse("annotate:label_task", args=[campaign.slug, held.pk]).startswith("/label/")
