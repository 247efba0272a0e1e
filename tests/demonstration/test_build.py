"""The whole demonstration, small: built, found built, broken off and gone on with."""

import re
import stat
from io import StringIO

import pytest
from django.core.management import call_command

from analysis.models import ImageSet, Network, Run, State, UnitSemantics
from analysis.services import comparisons, detector_findings, figure_pages, findings, object_choices
from analysis.services.comparison_sides import usual_other
from analysis.services.figures import Figure
from annotate.models import Answer, Campaign, Worker
from demonstration import build as building
from demonstration.account import account
from demonstration.build import OPEN, SIMULATED, TRAINED, UNTRAINED, Size, build
from demonstration.exporting import LAYERS
from demonstration.measuring import measured
from demonstration.world import REGIONS

# A laptop's installation, so not again on PostgreSQL.
pytestmark = pytest.mark.django_db(transaction=True)
SMALL = Size(images=110, side=64, layer="pool1", units=3, workers=10)


@pytest.fixture
def home(settings, tmp_path):
    settings.VAR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.VAR / "demonstration"


def demo():
    out = StringIO()
    options = {name: getattr(SMALL, name) for name in ("images", "side", "layer", "units")}
    call_command("demo", build_only=True, stdout=out, **options)
    return out.getvalue()


def rows():
    models = (ImageSet, Network, Run, Campaign, Worker, Answer, UnitSemantics)
    return {model.__name__: sorted(model.objects.values_list("pk", flat=True)) for model in models}


@pytest.mark.slow
def test_it_is_built_once_however_often_it_breaks_off_and_says_that_it_is_synthetic(
    home, monkeypatch
):
    begun = broken_off(monkeypatch)
    dissected = keys_of_dissections()
    told = demo()
    assert dissected == keys_of_dissections()
    assert re.findall(r"^ *Run (\d) of 5: .*\.$", begun + told, re.MULTILINE) == [
        "1",
        "2",
        "3",
        "4",
        "5",
    ]
    assert set(Run.objects.values_list("state", flat=True)) == {State.DONE}
    assert Campaign.objects.count() == 2
    assert f"({SMALL.units} by simulated workers)" in told
    assert f"/findings/{TRAINED}/against/?other={UNTRAINED}&tab=objects" in told
    what_is_told_is_what_the_rows_say(told)
    every_finding_is_shown()
    both_networks_are_compared()
    assert Campaign.objects.get(slug=OPEN).link_token in told
    assert (home / "sign-in.txt").read_text().strip() in told
    everything_is_marked()
    first = rows()
    again = demo()
    assert rows() == first
    assert "Drew" not in again
    assert "Run " not in again
    assert "Built in" in again
    what_is_told_is_what_the_rows_say(again)


def broken_off(monkeypatch):
    """Begin three times, each of them broken off at another place; return what was said."""

    def broken(*args, **kwargs):
        raise KeyboardInterrupt

    said = []
    for place in ("import_images", "simulate", "named_units"):
        with monkeypatch.context() as patch:
            patch.setattr(building, place, broken)
            with pytest.raises(KeyboardInterrupt):
                build(SMALL, said.append)
        if place == "import_images":
            ImageSet.objects.update(state=State.RUNNING)  # as a killed import leaves it
    return "".join(f"{line}\n" for line in said)


def keys_of_dissections():
    return set(Run.objects.filter(jobs__step="dissect").values_list("key", flat=True))


def everything_is_marked():
    for model in (Network, ImageSet, Campaign):
        assert all(model.objects.values_list("synthetic", flat=True))
    assert set(UnitSemantics.objects.values_list("source", flat=True)) == {"simulated", "machine"}
    assert Campaign.objects.get(slug=SIMULATED).simulated
    kinds = set(Answer.objects.values_list("worker__kind", "task__campaign__slug"))
    assert kinds == {("simulated", SIMULATED)}
    people = Campaign.objects.get(slug=OPEN)
    assert (people.simulated, people.access) == (False, "link")
    assert people.tasks.count() == SMALL.units


def what_is_told_is_what_the_rows_say(told):
    """Of the layer whose units are labelled: pool1, 24 units."""
    for slug, title in ((TRAINED, "trained on scene names"), (UNTRAINED, "untrained copy")):
        run = measured(Network.objects.get(slug=slug), ImageSet.objects.get(), ("dissect",))
        rows = [row for row in detector_findings.by_unit(run) if row.layer == SMALL.layer]
        found = [row for row in rows if row.rank == 0 and row.iou > 0.04]
        things = sum(row.name not in REGIONS for row in found)
        assert f"{title}: {things} of 24 units of pool1 detect an object" in told
        assert f"; {len(found) - things} more a surface (IoU > 0.04" in told
        assert {row.layer for row in detector_findings.by_layer(run)} == {*LAYERS}


def every_finding_is_shown():
    network = Network.objects.get(slug=TRAINED)
    for tab in findings.TABS:
        if tab == "people":
            continue  # of three units of pool1 none need be a detector
        shown = figure_pages.figures(tab, network, {})
        assert any(isinstance(one, Figure) for one in shown), tab
    for source in ("machine", "simulated"):
        choice = object_choices.objects_chosen(network, {"source": source})
        assert choice.labels.wanted.source == source
        assert choice.shown.wanted.image_set == ImageSet.objects.get()
        shown = figure_pages.figures("objects", network, {"source": source})
        assert any(isinstance(one, Figure) for one in shown), source


def both_networks_are_compared():
    """The untrained copy is found by itself: as whom to compare with, and as a baseline."""
    trained, untrained = (Network.objects.get(slug=slug) for slug in (TRAINED, UNTRAINED))
    assert usual_other(trained, Network.objects.all()) == untrained
    run = measured(trained, ImageSet.objects.get(), ("dissect",))
    assert detector_findings.untrained_run(run).network == untrained
    sections = {
        title: [one for one in some if isinstance(one, Figure)]
        for title, some in comparisons.figures(trained, untrained, {})
    }
    assert sections["Detectors"]
    assert sections["Preferences"]


def test_the_password_is_random_and_readable_by_its_owner_only(home, tmp_path):
    home.mkdir(parents=True)
    first = account(home)
    assert stat.S_IMODE((home / "sign-in.txt").stat().st_mode) == 0o600
    assert first.user.check_password(first.password)
    assert len(first.password) >= 12
    assert account(home) == first
    first.user.set_password("another-one-by-hand")
    first.user.save()
    assert account(home).password == ""
