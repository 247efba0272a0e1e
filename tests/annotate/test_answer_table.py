"""The long table of answers: what a campaign exports is what an import reads; cell by cell."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.models import Network, UnitSemantics
from annotate.models import Answer
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.test_import_answers import imported, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
HEAD = "network,layer,unit,worker,source,concept,category,kept,shown"
GOOD = "net,conv1,0,quiet-heron,people,lamp,object,50,57"


@pytest.fixture
def campaign():
    """Two units with two answers each; a concept that a spreadsheet would run."""
    made = open_small_campaign(units=2, slug="rooms", answers=2)
    for words in (["=lamp", "bed"], ["@lamp", "beds"]):
        worker = a_worker()
        for concept in words:
            lease = claim(worker, made, timezone.now())
            controls = lease.task.controls
            fits = [place for place in range(60) if place not in controls]
            given = a_given(lease, concept=concept, rejected=[*controls, *fits[:7]])
            submit(lease, given, timezone.now())
    publish(made)
    return made


def exported(campaign, path):
    call_command("export_answers", campaign.slug, output=str(path), stderr=io.StringIO())
    return path


def test_what_is_exported_is_imported_as_it_was(campaign, tmp_path):
    path = exported(campaign, tmp_path / "rooms-answers.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEAD
    assert len(lines) == 5
    first = Answer.objects.first()
    network = campaign.network.slug
    unit = f"{network},conv1,{first.task.unit.channel}"
    assert f"{unit},{first.worker.pseudonym},people,'=lamp,object,50,57" in lines
    said = imported(path, network="copy", form="unitscope")
    assert "4 answers about 2 units of 1 layers, source published, from rooms-answers" in said
    for ours in UnitSemantics.objects.filter(source="people"):
        theirs = UnitSemantics.objects.get(
            source="published", unit__channel=ours.unit.channel, unit__layer__network__slug="copy"
        )
        same = ("concept", "category", "answers", "agreement")
        assert [getattr(theirs, name) for name in same] == [getattr(ours, name) for name in same]
        assert theirs.precision == pytest.approx(ours.precision)
        assert theirs.details["words"][0]["kept"] == 50


def test_it_goes_to_standard_output_and_unknown_campaigns_are_named(campaign):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    call_command("export_answers", "rooms", output="-", stdout=out)
    assert out.buffer.getvalue().startswith(HEAD.encode())
    with pytest.raises(CommandError, match=r"no campaign 'halls'; there are: rooms\."):
        call_command("export_answers", "halls", output="-")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_answers", "rooms", output="/nowhere/at/all.csv")


def test_simulated_answers_stay_simulated(campaign, tmp_path):
    text = exported(campaign, tmp_path / "rooms.csv").read_text(encoding="utf-8")
    path = tmp_path / "rooms.csv"
    path.write_text(text.replace(",people,", ",simulated,"), encoding="utf-8")
    assert "A campaign is called 'rooms': say --origin NAME." in refused(
        path, network="copy", form="unitscope"
    )
    assert "source simulated" in imported(path, network="copy", form="unitscope", origin="played")
    assert not UnitSemantics.objects.filter(source="published").exists()


def test_a_new_network_has_units_up_to_the_highest_named(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text(f"{HEAD}\n{GOOD.replace(',0,', ',6,')}\n")
    imported(path, network="few", form="unitscope", synthetic=True)
    network = Network.objects.get(slug="few")
    assert (network.layers.get().channels, network.synthetic) == (7, True)
    path.write_text(f"{HEAD}\n{GOOD.replace(',0,', ',3,')}\n")
    said = imported(path, network="few", form="unitscope")
    assert "1 labels written, 1 withdrawn that are not in the file." in said
    path.write_text(f"{HEAD}\n{GOOD.replace(',0,', ',7,')}\n")
    assert "has 7 units, the file 8" in refused(path, network="few", form="unitscope")


WRONG = {
    "unit": (GOOD.replace(",0,", ",-1,"), "line 2, unit: '-1' is no whole number up to 99,999"),
    "kept": (GOOD.replace(",50,", ",58,"), "line 2, kept: '58' is no whole number up to 57"),
    "shown": (GOOD.replace(",50,57", ",0,0"), "line 2, shown: '0'"),
    "category": (GOOD.replace("object", "thing"), "line 2, category: 'thing' is none of simple"),
    "concept": (GOOD.replace("lamp", "12"), "line 2, concept: '12' is no concept"),
    "source": (GOOD.replace("people", "machine"), "line 2, source: 'machine' is none of people"),
    "layer": (GOOD.replace("conv1", ""), "line 2, layer: '' is no name of a layer"),
    "worker": (GOOD.replace("quiet-heron", " "), "line 2, worker: ' ' must have 1 to 80 letters"),
    "twice": (f"{GOOD}\n{GOOD}", "line 3, worker: 'quiet-heron' has answered conv1, unit 0"),
    "two networks": (f"{GOOD}\n{GOOD.replace('net,', 'other,')}", "line 3: network and source are"),
    "cells": (f"{GOOD},more", "line 2: 10 cells instead of 9"),
    "quotes": (f'{GOOD}\nnet,"conv1', "is not CSV at line 3"),
    "nothing": ("", "holds no answer"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_cell_is_named_and_nothing_stays(what, tmp_path):
    lines, sentence = WRONG[what]
    path = tmp_path / "answers.csv"
    path.write_text(f"{HEAD}\n{lines}\n" if lines else f"{HEAD}\n")
    assert sentence in refused(path, network="copy", form="unitscope")


def test_other_columns_and_other_bytes_are_refused(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(GOOD)
    assert f"must be {HEAD}, not net,conv1" in refused(path, network="copy", form="unitscope")
    path.write_bytes(HEAD.encode() + b"\n\xff\xfe")
    assert "is not UTF-8 at byte" in refused(path, network="copy", form="unitscope")


def test_a_published_worker_whose_name_is_a_formula_is_harmless_and_comes_back(tmp_path):
    path = tmp_path / "people.csv"
    line = GOOD.replace("people", "published").replace("quiet-heron", "=1+1")
    path.write_text(f"{HEAD}\r\n{line}\r\n")
    imported(path, network="net", form="unitscope", as_campaign="heard")
    worker = Answer.objects.get().worker
    assert worker.pseudonym == "heard/=1+1"
    again = exported(Answer.objects.get().task.campaign, tmp_path / "again.csv")
    assert "net,conv1,0,'=1+1,published,lamp" in again.read_text()
    imported(again, network="net", form="unitscope", as_campaign="heard")
    assert Answer.objects.get().worker == worker
