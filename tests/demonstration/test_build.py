"""The whole demonstration, small: built, found built, broken off and gone on with."""

import stat
from io import StringIO

import pytest
from django.core.management import call_command

from analysis.models import ImageSet, Network, Run, State, UnitSemantics
from annotate.models import Answer, Campaign, Worker
from demonstration import build as building
from demonstration.account import account
from demonstration.build import OPEN, SIMULATED, Size, build

# A laptop's installation, so not again on PostgreSQL.
pytestmark = pytest.mark.django_db(transaction=True)
SMALL = Size(images=77, side=64, layer="pool1", units=3, workers=10)


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
def test_the_demonstration_is_built_once_and_found_built_and_says_that_it_is_synthetic(home):
    told = demo()
    assert "untrained copy" in told
    assert Campaign.objects.get(slug=OPEN).link_token in told
    assert (home / "sign-in.txt").read_text().strip() in told
    everything_is_marked()
    first = rows()
    again = demo()
    assert rows() == first
    assert "Drew" not in again
    assert "Built in" in again


def everything_is_marked():
    for model in (Network, ImageSet, Campaign):
        assert all(model.objects.values_list("synthetic", flat=True))
    assert set(UnitSemantics.objects.values_list("source", flat=True)) == {"simulated"}
    assert Campaign.objects.get(slug=SIMULATED).simulated
    kinds = set(Answer.objects.values_list("worker__kind", "task__campaign__slug"))
    assert kinds == {("simulated", SIMULATED)}
    people = Campaign.objects.get(slug=OPEN)
    assert (people.simulated, people.access) == (False, "link")
    assert people.tasks.count() == SMALL.units


@pytest.mark.slow
def test_a_start_that_was_broken_off_goes_on(home, monkeypatch):
    def broken(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building, "import_images", broken)
        with pytest.raises(KeyboardInterrupt):
            build(SMALL, lambda line: None)
    ImageSet.objects.update(state=State.RUNNING)  # as a killed import leaves it
    with monkeypatch.context() as patch:
        patch.setattr(building, "simulate", broken)
        with pytest.raises(KeyboardInterrupt):
            build(SMALL, lambda line: None)
    built = build(SMALL, lambda line: None)
    assert built.labelled == SMALL.units
    assert Campaign.objects.count() == 2


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
