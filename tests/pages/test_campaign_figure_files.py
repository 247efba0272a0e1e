"""The figures of a campaign as files: those of its live page, and those of its agreement."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import transaction
from pypdf import PdfReader

from analysis.services import figure_files
from analysis.services.figures import written
from annotate import tasks
from annotate.models import Answer, Campaign, TruthFit, Worker
from annotate.services import truth
from annotate.views import live
from tests.annotate.factories import open_small_campaign
from tests.annotate.test_truth_fits import all_answered

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
NOON = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
LIVE = "/campaigns/rooms/live/"
AGREEMENT = "/campaigns/rooms/agreement/"
HOURS = f"{LIVE}figures/answers-by-hour"
WORDS = f"{AGREEMENT}figures/words"
FIGURES = (
    *(f"{LIVE}figures/{name}" for name in ("answers-by-hour", "answers-by-day")),
    *(f"{AGREEMENT}figures/{name}" for name in ("reliability", "groups-agreement", "precision")),
    *(f"{AGREEMENT}figures/{name}" for name in ("words", "categories")),
)


@pytest.fixture(scope="module")
def asked(django_db_setup, django_db_blocker):
    """Six units with four answers each, the last of them just before noon of a day in March.

    Made once for all tests, each of which changes it for itself alone.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        made = open_small_campaign(units=6, slug="rooms", answers=4, control_rule="record")
        all_answered(made)
        for back, answer in enumerate(Answer.objects.order_by("-pk")):
            at = NOON - timedelta(minutes=31 + 90 * back)
            Answer.objects.filter(pk=answer.pk).update(created_at=at)
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def campaign(asked, db, monkeypatch):
    monkeypatch.setattr(live, "now", lambda: NOON)
    return Campaign.objects.get(pk=asked.pk)


@pytest.fixture
def bob(client, researcher):
    client.force_login(researcher)
    return client


def table(answer):
    """Return a table as a stranger reads it: text."""
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def shown(client, page, name):
    """Return the cells of a figure's table on its page."""
    text = unescape(client.get(page).content.decode())
    body = re.search(rf'data-figure="{name}".*?<tbody>(.*?)</tbody>', text, re.DOTALL)[1]
    lines = body.split("</tr>")[:-1]
    return [re.findall(r"<t[hd][^>]*>(?:<a[^>]*>)?([^<]*)<", line) for line in lines]


# ---- What is in them ---------------------------------------------------------------------------
def test_the_page_after_bad_pay_leads_to_the_same_files(bob, researcher, campaign):
    Campaign.objects.update(created_by=researcher)
    refused = bob.post("/campaigns/rooms/pay/", {"fee": "999"})
    assert refused.status_code == 422
    assert f'href="{HOURS}.svg"' in refused.content.decode()


@pytest.mark.parametrize("name", ["answers-by-hour", "answers-by-day"])
def test_the_numbers_of_answers_are_those_of_the_page(bob, campaign, name):
    rows = [[row["when"], row["answers"]] for row in table(bob.get(f"{LIVE}figures/{name}.csv"))]
    assert rows == shown(bob, LIVE, name)
    assert sum(int(answers) for _, answers in rows) == 24


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("reliability", ["layer", "units", "answers", "kappa", ("kappa",), "alpha", ("alpha",)]),
        ("groups-agreement", ["group", "kappa", ("kappa",), "alpha", ("alpha",)]),
        ("words", ["layer", "units", "same_words", ("same_words",)]),
    ],
)
def test_the_numbers_of_agreement_are_those_of_the_page(bob, campaign, name, columns):
    rows = table(bob.get(f"{AGREEMENT}figures/{name}.csv"))
    seen = shown(bob, AGREEMENT, name)
    assert len(rows) == len(seen) > 0
    for row, cells in zip(rows, seen, strict=True):
        for column, cell in zip(columns, cells, strict=False):
            if isinstance(column, tuple):  # an interval in words is its two ends
                ends = [row[f"{column[0]}_{end}"] for end in ("low", "high")]
                told = "\u00a0to\u00a0".join(written(float(end), 3) for end in ends if end)
            else:
                told = written(float(row[column]), 3) if "." in row[column] else row[column]
            assert cell == (told or "–")


@pytest.mark.parametrize(
    ("address", "question", "source"),
    [
        (
            HOURS,
            "When do answers come?",
            "24 answers by people · the newest of 2026-03-05 11:59 UTC · counted 2026-03-05",
        ),
        (WORDS, "How often do most workers use the same words?", "24 answers by people · counted"),
    ],
)
def test_each_file_says_what_and_whence(bob, campaign, address, question, source):
    source = f"campaign rooms · {campaign.network.slug} · {source}"
    svg, png, pdf = (bob.get(f"{address}.{form}") for form in ("svg", "png", "pdf"))
    [page] = PdfReader(io.BytesIO(pdf.content)).pages
    for text in (svg.content.decode(), page.extract_text()):
        words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
        for said in (question, source, "Unitscope"):
            assert said in words
    assert png.content.startswith(b"\x89PNG")
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", svg.content.decode())
    assert "0.5" not in drawn or address == WORDS  # there are no halves of answers
    assert drawn.count("the same words") == (address == WORDS)  # in one legend
    assert source in bob.get(f"{address}.json").json()["description"]
    assert all(source in row["from"] for row in table(bob.get(f"{address}.csv")))
    named = re.fullmatch(r"/campaigns/(\w+)/(\w+)/figures/(.+)", address).groups()
    assert svg["Content-Disposition"] == f'attachment; filename="{"-".join(named)}.svg"'


@pytest.mark.parametrize("address", FIGURES)
def test_simulated_workers_and_synthetic_images_are_said(bob, campaign, address):
    assert "note" not in table(bob.get(f"{address}.csv"))[0]
    Campaign.objects.update(simulated=True, synthetic=True)
    Worker.objects.update(kind="simulated")
    rows = table(bob.get(f"{address}.csv"))
    assert {row["note"] for row in rows} == {"simulated workers · synthetic images"}
    assert all("24 answers by simulated workers" in row["from"] for row in rows)
    description = bob.get(f"{address}.json").json()["description"]
    assert "Simulated workers · synthetic images." in description


# ---- Who may read ------------------------------------------------------------------------------
@pytest.mark.parametrize("address", FIGURES)
def test_whoever_may_not_see_the_page_gets_no_file(
    client, worker_user, other_researcher, campaign, address
):
    answer = client.get(f"{address}.csv")
    assert answer["Location"] == f"/sign-in/?next={address}.csv"
    client.force_login(worker_user)
    assert client.get(f"{address}.csv").status_code == 403
    client.force_login(other_researcher)
    assert table(client.get(f"{address}.csv"))


@pytest.mark.parametrize("address", [HOURS, WORDS])
def test_files_can_only_be_read(bob, campaign, address):
    for method in (bob.post, bob.put, bob.patch, bob.delete):
        assert method(f"{address}.csv").status_code == 405
    assert bob.head(f"{address}.csv").status_code == 200


# ---- Twice, and after another answer -----------------------------------------------------------
@pytest.mark.parametrize("address", [HOURS, WORDS])
def test_twice_is_the_same_file_and_is_not_drawn_again(bob, campaign, monkeypatch, address):
    first = bob.get(f"{address}.svg")
    assert first["Cache-Control"] == "private, no-cache"
    monkeypatch.setattr(figure_files.subprocess, "run", None)
    assert bob.get(f"{address}.svg").content == first.content
    unchanged = bob.get(f"{address}.svg", headers={"If-None-Match": first["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert bob.get(f"{address}.csv")["ETag"] != first["ETag"]


@pytest.mark.parametrize("address", [HOURS, WORDS])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_one_answer_more_or_less_is_another_file(bob, campaign, address, form):
    first = bob.get(f"{address}.{form}")
    Answer.objects.filter(pk=Answer.objects.earliest("pk").pk).update(counts=False)
    answer = bob.get(f"{address}.{form}", headers={"If-None-Match": first["ETag"]})
    assert answer.status_code == 200
    assert "23 answers by people" in answer.content.decode()


def test_an_hour_later_is_another_file_and_a_minute_later_the_same(bob, campaign, monkeypatch):
    first = bob.get(f"{HOURS}.csv")
    seen = {"If-None-Match": first["ETag"]}
    monkeypatch.setattr(live, "now", lambda: NOON + timedelta(minutes=1))
    assert bob.get(f"{HOURS}.csv", headers=seen).status_code == 304
    drawing = bob.get(f"{HOURS}.json")["ETag"]
    monkeypatch.setattr(live, "now", lambda: NOON + timedelta(hours=1))
    assert bob.get(f"{HOURS}.json", headers={"If-None-Match": drawing}).status_code == 200


# ---- What cannot be answered -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"{LIVE}figures/none.svg", "called 'none', but answers-by-hour, answers-by-day."),
        (f"{LIVE}figures/words.svg", "called 'words', but answers-by-hour, answers-by-day."),
        (f"{AGREEMENT}figures/<b>.csv", "called '<b>', but reliability, groups-agreement, pre"),
        (f"{AGREEMENT}figures/{'x' * 5000}.csv", f"called '{'x' * 80}', but reliability"),
        (f"{AGREEMENT}figures/%00%0A.csv", r"called '\x00\n', but reliability"),
        (f"{HOURS}.exe", "No figure can be had as 'exe', but as svg, png, pdf, json, csv."),
        (f"{WORDS}.svg.%0A", r"No figure can be had as '\n', but as svg, png, pdf, json, csv."),
        (f"{WORDS}.SVG", "No figure can be had as 'SVG', but as svg, png, pdf, json, csv."),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(bob, campaign, address, sentence):
    answer = bob.get(address)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert sentence in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/campaigns/none/live/figures/answers-by-day.csv",
        "/campaigns/none/agreement/figures/words.csv",
        f"{LIVE}figures/answers-by-day",
        f"{LIVE}figures/",
        f"{LIVE}answers-by-day.csv",
        f"{AGREEMENT}figures/../../live.csv",
    ],
)
def test_no_such_campaign_or_address(bob, campaign, address):
    assert bob.get(address).status_code == 404


@pytest.mark.parametrize("address", [HOURS, WORDS])
def test_there_is_nothing_to_choose(bob, campaign, address):
    usual = bob.get(f"{address}.csv")
    odd = {"run": "\0", "threshold": "0.1", "page": "-1"}
    assert bob.get(f"{address}.csv", odd).content == usual.content


def test_published_answers_have_no_pace(bob, campaign):
    Campaign.objects.update(published=True, state="closed", run=None)
    answer = bob.get(f"{HOURS}.csv")
    assert answer.status_code == 404
    assert "nor any other. Its answers were published: nobody is asked" in answer.content.decode()
    assert ".csv" not in bob.get(LIVE).content.decode().replace("answers.csv", "")


def test_without_answers_there_is_pace_and_no_agreement(bob):
    open_small_campaign(units=2, slug="empty")
    [*_, today] = table(bob.get("/campaigns/empty/live/figures/answers-by-day.csv"))
    assert today["answers"] == "0"
    assert "0 answers by people · counted 20" in today["from"]
    answer = bob.get("/campaigns/empty/agreement/figures/words.csv")
    assert answer.status_code == 404
    assert "nor any other. There are no answers yet." in answer.content.decode()


def test_many_answers_are_counted_by_a_worker_and_the_file_says_so(bob, campaign, monkeypatch):
    monkeypatch.setattr(truth, "QUICK", 5)
    monkeypatch.setattr(tasks.refit, "apply_async", lambda args, countdown: None)
    answer = bob.get(f"{WORDS}.csv")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "being counted: ask again in a while" in answer.content.decode()
    tasks.refit(campaign.pk)
    first = table(bob.get(f"{WORDS}.csv"))
    Answer.objects.filter(worker__pseudonym="heron-d").update(counts=False)
    assert table(bob.get(f"{WORDS}.csv")) == first  # as on the page: the last count
    TruthFit.objects.all().delete()
    assert bob.get(f"{WORDS}.csv").status_code == 503


@pytest.mark.parametrize("address", [HOURS, WORDS])
def test_when_others_draw_it_says_so_and_the_table_is_there(bob, campaign, monkeypatch, address):
    monkeypatch.setattr(figure_files.drawing, "patience", 0.01)
    figure_files.caches["figures"].clear()
    with figure_files.drawing.at_work:
        answer = bob.get(f"{address}.png")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert bob.get(f"{address}.csv").status_code == 200
