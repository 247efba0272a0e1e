"""The page of a network's reports: who may ask, who may read, and what is never given."""

import re
from html import unescape

import pytest

from analysis import tasks
from analysis.models import Report, State
from analysis.services import files
from tests.analysis.reported import NOW
from tests.annotate import factories
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAGE = "/findings/demo/reports/"


@pytest.fixture
def network(researcher, settings, tmp_path, sent):
    """Bob's network, which nobody else may change; no worker is told of anything but `sent`."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return factories.NetworkFactory(slug="demo", created_by=researcher, synthetic=True)


@pytest.fixture
def sent(monkeypatch):
    """The reports that workers were told of."""
    told = []
    monkeypatch.setattr(tasks.make_report, "delay_on_commit", told.append)
    return told


def a_report(network, **fields):
    usual = {"state": State.DONE, "created_at": NOW, "folder": "reports/x"}
    report = Report.objects.create(network=network, **(usual | fields))
    for name in ("report.html", "report.pdf", "report-demo.zip"):
        files.write(f"reports/x/{name}", name.encode())
    Report.objects.filter(pk=report.pk).update(files={"report.html": 11, "report.pdf": 10})
    return Report.objects.get(pk=report.pk)


def test_a_researcher_asks_for_one_and_a_second_press_makes_no_other(
    client, researcher, network, sent
):
    client.force_login(researcher)
    other = factories.NetworkFactory(slug="other")
    page = client.get(PAGE)
    assert b"None was made yet." in page.content
    words = {"against": "other", "source": "people", "threshold": "0.5", "licence": "CC0"}
    for _ in range(2):
        response = client.post(PAGE, words)
        assert response["Location"] == PAGE
    report = Report.objects.get()
    assert (report.against, report.licence, report.created_by) == (other, "CC0", researcher)
    assert report.asked == {"source": "people", "other_source": "people", "threshold": "0.5"}
    assert sent == [report.pk]
    page = client.get(f"{PAGE}list/").content.decode()
    assert "against other" in page
    assert "No worker is running" in page
    assert 'hx-trigger="every 2s"' in page


def test_the_form_begins_with_what_the_page_before_it_showed(client, researcher, network):
    factories.NetworkFactory(slug="other", public=True)
    client.force_login(researcher)
    page = client.get("/findings/demo/against/?other=other&tab=objects&threshold=0.5")
    [link] = re.findall(r'href="([^"]*/reports/[^"]*)"', page.content.decode())
    page = client.get(unescape(link)).content.decode()
    assert '<option value="other" selected>' in page
    assert 'name="threshold" type="number" min="0" max="1" step="0.01" value="0.5"' in page
    for odd in ("?against=demo", "?against=%00", "?against=none&threshold=%22x&images=%00"):
        answer = client.get(PAGE + odd)
        assert answer.status_code == 200
        assert "selected" not in answer.content.decode()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"against": "none"}, "There is no such network that you may read."),
        ({"against": "demo"}, "There is no such network that you may read."),
        ({"threshold": "seven"}, "The threshold must be a number from 0 to 1."),
        ({"threshold": "7"}, "less than or equal to 1"),
        ({"source": "rumour"}, "rumour is no source of labels."),
        ({"images": "attic"}, "attic is no image set that a report may speak of."),
        ({"run": "0" * 12}, "is no run of this network that has results. There is none."),
        ({"other_run": "0" * 12}, "choose that one too."),
        ({"against": "other", "other_run": "0" * 12}, "is no run of other that has results."),
        ({"licence": "x" * 301}, "at most 300 characters"),
    ],
)
def test_what_makes_no_sense_is_told_beside_the_field(client, researcher, network, words, sentence):
    factories.NetworkFactory(slug="other")
    client.force_login(researcher)
    response = client.post(PAGE, words)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Report.objects.exists()


def test_a_run_of_the_network_may_be_chosen_and_no_other(client, researcher, network, sent):
    client.force_login(researcher)
    assert 'name="run"' not in client.get(PAGE).content.decode()  # nothing to choose
    own = [rows.run(network) for _ in range(2)]
    others = factories.a_finished_run(units=1)
    page = client.get(PAGE).content.decode()
    for run in own:
        assert f'<option value="{run.short_key}">{run.short_key} over {run.image_set} (' in page
    assert others.short_key not in page
    refused = client.post(PAGE, {"run": others.short_key})
    assert refused.status_code == 422
    told = refused.content.decode()
    assert f"{others.short_key} is no run of this network that has results. There are: " in told
    assert own[0].short_key in told
    for _ in range(2):
        assert client.post(PAGE, {"run": own[0].short_key}).status_code == 302
    assert Report.objects.get().asked == {"run": own[0].short_key}
    assert f"run {own[0].short_key}</span>" in client.get(PAGE).content.decode()
    assert "Another report is being made" in client.post(PAGE, follow=True).content.decode()
    assert len(sent) == 1


def test_a_run_of_the_network_to_compare_with_may_be_chosen(client, researcher, network, sent):
    client.force_login(researcher)
    other = rows.network("other", public=True)
    first = rows.run(other)
    assert 'name="other_run"' not in client.get(PAGE).content.decode()  # nothing to choose
    second, own = rows.run(other), rows.run(network)
    offered = client.get(PAGE).content.decode().partition('name="other_run"')[2]
    offered = offered.partition("</select>")[0]
    assert '<optgroup label="other">' in offered
    for run in (first, second):
        assert f'<option value="{run.short_key}">{run.short_key} over ' in offered
    assert own.short_key not in offered
    refused = client.post(PAGE, {"against": "other", "other_run": own.short_key})
    assert refused.status_code == 422
    told = refused.content.decode()
    assert f"{own.short_key} is no run of other that has results. There are: " in told
    for _ in range(2):
        wanted = {"against": "other", "other_run": first.short_key}
        assert client.post(PAGE, wanted).status_code == 302
    assert Report.objects.get().asked == {"other_run": first.short_key}
    assert f"run {first.short_key} of other</span>" in client.get(PAGE).content.decode()
    assert len(sent) == 1


def test_only_its_researchers_make_and_delete(
    client, network, worker_user, other_researcher, admin
):
    report = a_report(network, state=State.FAILED, error="The disk is full.")
    acts = [PAGE, f"{PAGE}{report.pk}/again/", f"{PAGE}{report.pk}/delete/"]
    for address in acts:
        assert client.post(address)["Location"].startswith("/sign-in/")
    network.public = True
    network.save()
    for person in (worker_user, other_researcher):
        client.force_login(person)
        assert [client.post(address).status_code for address in acts] == [403, 403, 403]
        page = client.get(PAGE).content.decode()
        assert ("The disk is full." in page) == (person == other_researcher)  # it may name paths
        assert 'id="make"' not in page
        assert "Delete" not in page
    client.force_login(admin)
    assert client.post(acts[1]).status_code == 302
    assert client.post(acts[1]).status_code == 302  # twice
    assert Report.objects.get().state == State.WAITING
    assert [client.get(address).status_code for address in acts[1:]] == [405, 405]
    assert client.post(acts[2]).status_code == 302
    assert client.post(acts[2]).status_code == 404  # twice
    assert not Report.objects.exists()


def test_who_may_read_the_network_may_read_its_report_to_be_saved(
    client, network, worker_user, researcher
):
    report = a_report(network)
    address = f"{PAGE}{report.pk}/report.html"
    assert client.get(address)["Location"].startswith("/sign-in/")
    client.force_login(worker_user)
    assert client.get(address).status_code == 404
    client.force_login(researcher)
    response = client.get(address)
    assert b"".join(response.streaming_content) == b"report.html"
    assert response["Content-Disposition"] == 'attachment; filename="report-demo-2026-03-04.html"'
    assert client.head(address)["Content-Length"] == "11"
    for wrong in ("report.zip", "..%2f..%2fdb.sqlite3", "report-demo.zip", "%00"):
        assert client.get(f"{PAGE}{report.pk}/{wrong}").status_code == 404
    assert client.get(f"{PAGE}999/report.html").status_code == 404
    other = factories.NetworkFactory(slug="other")
    assert client.get(f"/findings/{other}/reports/{report.pk}/report.html").status_code == 404
    files.remove("reports/x")
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 405


def test_a_comparison_with_a_private_network_is_not_there_for_who_may_not_read_both(
    client, network, worker_user, researcher
):
    network.public = True
    network.save()
    secret = factories.NetworkFactory(slug="secret-net")
    report = a_report(network, against=secret)
    address = f"{PAGE}{report.pk}/report.html"
    for person in (None, worker_user):
        if person:
            client.force_login(person)
        assert client.get(address).status_code == 404
        assert b"secret-net" not in client.get(PAGE).content
    secret.public = True
    secret.save()
    assert client.get(address).status_code == 200
    assert b"secret-net" in client.get(PAGE).content


def test_the_findings_lead_to_it(client, researcher, network):
    client.force_login(researcher)
    assert PAGE.encode() in client.get("/findings/demo/fields/").content
