"""Reports as rows: one at a time, taken by one worker, given back when that is lost."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from analysis import tasks
from analysis.models import Report, State
from analysis.services import files, networks, report_folder, reports
from analysis.services.reports import ReportRefused
from tests.analysis.reported import NOW
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def network(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return factories.NetworkFactory(slug="demo")


@pytest.fixture
def quick(monkeypatch):
    """Reports that take no time: their files say what they are about. Returns what was made."""
    made = []

    def make(subject, folder, say):
        say("Meanings")
        made.append(subject)
        for name in (reports.HTML, reports.PDF):
            (folder / name).write_text(subject.title)

    monkeypatch.setattr(report_folder, "make", make)
    return made


def ask(network, **wanted):
    return reports.request(network=network, wanted=reports.Wanted(**wanted), now=NOW)


def test_it_is_made_once_and_its_files_are_kept_until_it_is_deleted(network, quick):
    report, new = ask(network, asked={"threshold": "0.5"}, licence="CC0")
    assert new
    assert reports.make(report.pk, lambda: NOW)
    assert not reports.make(report.pk, lambda: NOW)  # a second delivery
    report.refresh_from_db()
    assert (report.state, report.worker, report.step) == (State.DONE, "", "")
    assert sorted(report.files) == ["report-demo-2026-03-04.zip", "report.html", "report.pdf"]
    assert files.read(f"{report.folder}/report.html") == b"What the units of demo see"
    assert [(one.asked, one.licence, one.now) for one in quick] == [
        ({"threshold": "0.5"}, "CC0", NOW)
    ]
    with transaction.atomic():
        networks.delete(network)
    assert not Report.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_its_files_go_with_it(network, quick):
    report, _ = ask(network)
    reports.make(report.pk, lambda: NOW)
    assert files.exists(f"{report.folder}/report.pdf")
    reports.delete(report)
    assert not files.exists(f"{report.folder}/report.pdf")


def test_a_second_press_finds_the_first_and_a_comparison_is_another(network):
    other = factories.NetworkFactory(slug="other")
    first, _ = ask(network)
    assert ask(network) == (first, False)
    second, new = ask(network, against=other)
    assert new
    assert ask(network, against=other) == (second, False)
    for against in (None, other):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.create(network=network, against=against, created_at=NOW)
    Report.objects.update(state=State.DONE)
    assert ask(network)[1]
    with pytest.raises(ReportRefused, match="cannot be compared with itself"):
        ask(network, against=network)


def test_no_more_are_kept_than_there_is_room_for(network, monkeypatch):
    monkeypatch.setattr(reports, "MOST_KEPT", 1)
    Report.objects.create(network=network, state=State.DONE, created_at=NOW)
    with pytest.raises(ReportRefused, match="1 reports of demo are kept: delete some first"):
        ask(network)


def test_what_a_lost_worker_held_is_made_by_another_and_not_for_ever(network, quick):
    report, _ = ask(network)
    later = NOW + timedelta(hours=1)
    for attempt in range(1, reports.MOST_ATTEMPTS + 1):
        Report.objects.filter(pk=report.pk).update(
            state=State.RUNNING, worker="gone", attempt=attempt, beat_at=NOW
        )
        assert reports.free_lost(NOW) == []  # it may still be at work
        waits = reports.free_lost(later)
        assert waits == ([report.pk] if attempt < reports.MOST_ATTEMPTS else [])
    report.refresh_from_db()
    assert report.state == State.FAILED
    assert "worker was lost 3 times" in report.error
    assert reports.again(report, NOW)
    assert not reports.again(report, NOW)
    tasks.make_report(report.pk)
    assert Report.objects.get().state == State.DONE


def test_a_failure_is_told_and_one_that_is_deleted_meanwhile_leaves_nothing(network, monkeypatch):
    def fails(subject, folder, say):
        raise OSError("the disk is full")

    monkeypatch.setattr(report_folder, "make", fails)
    report, _ = ask(network)
    assert not reports.make(report.pk, lambda: NOW)
    report.refresh_from_db()
    assert (report.state, report.error) == (State.FAILED, "It could not be made: the disk is full")
    ask(network)  # another one begins
    assert not reports.again(report, NOW)
    Report.objects.exclude(pk=report.pk).delete()

    def deleted(subject, folder, say):
        Report.objects.all().delete()
        say("Meanings")

    monkeypatch.setattr(report_folder, "make", deleted)
    assert reports.again(report, NOW)
    assert not reports.make(report.pk, lambda: NOW)
    assert not files.exists(f"{report.folder}/report.html")
