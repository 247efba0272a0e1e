"""Simulated workers: what they answer, and that they stay among themselves."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from PIL import Image as Picture

from analysis.models import Image, TopImage, UnitSemantics
from analysis.services import files
from analysis.services.pictures import picture_file
from annotate.core import simulation as core
from annotate.core.rules import CATEGORIES, Terms, faults
from annotate.core.simulation import GOOD, HASTY, SPAMMING, Seen, answer, temper_of, written
from annotate.core.words import alike, key
from annotate.models import Answer, Campaign, Worker
from annotate.services.assignments import claim
from annotate.services.simulation import CannotSimulate, simulate, visible_part
from tests.annotate.factories import a_finished_run, a_worker, open_small_campaign

NAMES = ["wall", "bed", "lamp", "floor"]


def a_look(shown=57, planted=3, bed=0.3):
    """Beds on walls; in the planted pictures only walls."""
    shares = np.zeros((shown + planted, 4))
    shares[:, 0] = 1.0
    shares[:shown, :2] = [1 - bed, bed]
    return Seen(shares, NAMES)


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- What one worker answers --------------------------------------------------------------------
def test_he_names_what_stands_in_most_pictures_and_marks_the_others():
    given = answer(a_look(), core.Temper("perfect", 0, 0, 0, 0, (5, 5)), 0, rng())
    assert (given.concept, given.category) == ("bed", "object")
    assert given.rejected == [57, 58, 59]
    assert not given.all_fit


def test_a_surface_is_named_where_nothing_stands_before_it():
    given = answer(a_look(bed=0.02), core.Temper("perfect", 0, 0, 0, 0, (5, 5)), 0, rng())
    assert (given.concept, given.category, given.all_fit) == ("wall", "region", True)


def test_where_nothing_is_common_the_answer_is_vague():
    shares = np.zeros((60, 4))
    given = answer(Seen(shares, NAMES), GOOD, 0, rng())
    assert (given.concept, given.category) in core.VAGUE
    assert len(given.rejected) == 20


@pytest.mark.parametrize("temper", [GOOD, HASTY, SPAMMING])
@pytest.mark.parametrize("attempt", [0, 1, 4])
def test_every_answer_keeps_the_rules_but_for_planted_ones(temper, attempt):
    terms = Terms(60, frozenset({57, 58, 59}), 10, controls_must_be_found=False)
    for seed in range(60):
        for look in (a_look(), a_look(shown=12, planted=48), a_look(bed=0)):
            given = answer(look, temper, attempt, rng(seed))
            assert faults(given, terms) == {}


def test_told_to_look_again_he_finds_what_is_planted():
    for seed in range(30):
        given = answer(a_look(), HASTY, 1, rng(seed))
        if key(given.concept) == "bed":
            assert given.rejected == [57, 58, 59]


def test_the_hasty_err_more_than_the_good_and_spammers_see_nothing():
    def wrong(temper):
        found = [answer(a_look(), temper, 0, rng(seed)) for seed in range(200)]
        return np.mean([len(set(given.rejected) ^ {57, 58, 59}) for given in found])

    assert wrong(GOOD) < wrong(HASTY)
    spam = {answer(a_look(), SPAMMING, 0, rng(seed)).concept for seed in range(50)}
    assert spam <= set(core.SPAM)


def test_the_same_seed_gives_the_same_answer():
    for temper in (GOOD, HASTY, SPAMMING):
        assert answer(a_look(), temper, 0, rng(4)) == answer(a_look(), temper, 0, rng(4))


def test_words_vary_as_peoples_do_and_mostly_mean_the_same():
    forms = {written("bookcase", HASTY, rng(seed)) for seed in range(200)}
    assert {"bookcase", "bookshelf", "books"} <= forms
    assert len(forms) > 6
    plain = {written("tent", HASTY, rng(seed)) for seed in range(200)}
    assert all(alike(key(form), "tent") for form in plain)
    assert written("bed", core.Temper("perfect", 0, 0, 0, 0, (1, 1)), rng()) == "bed"


def test_tempers_are_mixed():
    of_ten = [temper_of(number, 10).name for number in range(10)]
    assert (of_ten.count("good"), of_ten.count("hasty"), of_ten.count("spamming")) == (7, 2, 1)
    assert [temper_of(number, 3).name for number in range(3)] == ["good", "good", "hasty"]
    assert temper_of(0, 1).name == "good"


# ---- A campaign of them --------------------------------------------------------------------------
@pytest.fixture
def run(settings, tmp_path):
    """A finished run with real pictures: top images show a bed in the middle, low ones a wall."""
    settings.MEDIA_ROOT = tmp_path / "media"
    run = a_finished_run(units=2)
    run.network.preprocessing = {"height": 64, "width": 64}
    run.network.save()
    run.image_set.root = str(tmp_path)
    classes = [{"index": index, "name": name} for index, name in enumerate(NAMES)]
    run.image_set.labels = {"void_index": 9, "classes": classes}
    run.image_set.save()
    paint(tmp_path, run)
    return run


def paint(folder, run):
    """Write two masks, and for every segment a grey picture with its middle left bright."""
    (folder / "masks").mkdir()
    mask = np.zeros((64, 64), np.uint8)
    Picture.fromarray(mask).save(folder / "masks/wall.png")
    mask[20:44, 20:44] = 1
    Picture.fromarray(mask).save(folder / "masks/bed.png")
    light = np.full((112, 112, 3), 200, np.uint8)
    cut = light // 5
    cut[30:82, 30:82] = 200
    tiles = {"plain": webp(light), "segmented": webp(cut)}
    low = TopImage.objects.filter(run=run, end="low").values("image")
    Image.objects.filter(image_set=run.image_set).update(mask="masks/bed.png")
    tops = TopImage.objects.filter(run=run, end="top", rank__lt=50).values("image")
    Image.objects.filter(pk__in=low).exclude(pk__in=tops).update(mask="masks/wall.png")
    for top in TopImage.objects.filter(run=run).select_related("segment"):
        for kind, data in tiles.items():
            files.write(picture_file(top.segment.token, kind, "tile"), data)


def webp(pixels):
    out = io.BytesIO()
    Picture.fromarray(pixels).save(out, "WEBP", quality=90)
    return out.getvalue()


@pytest.mark.rows
@pytest.mark.django_db
def test_the_visible_part_is_told_from_the_two_pictures(run):
    seen = visible_part(TopImage.objects.filter(run=run).first().segment.token)
    assert seen.shape == (112, 112)
    assert seen[32:80, 32:80].all()
    assert not seen[:26].any()


@pytest.mark.rows
@pytest.mark.django_db
def test_they_answer_through_the_same_door_and_are_labelled_as_simulated(run):
    campaign = open_small_campaign(run=run, simulated=True, access="members")
    # As many as answers are wanted: who of more gets which unit goes by the rows' numbers.
    done = simulate(campaign, workers=3, seed=1)
    assert (done.answers, done.labelled) == (6, 2)
    assert set(Answer.objects.values_list("worker__kind", flat=True)) == {"simulated"}
    for row in UnitSemantics.objects.all():
        assert (row.source, row.origin, row.answers) == ("simulated", campaign.slug, 3)
        assert (row.concept, row.category) == ("bed", "object")
        assert row.precision > 0.7


@pytest.mark.rows
@pytest.mark.django_db
def test_a_second_simulation_finds_nothing_to_do(run):
    campaign = open_small_campaign(run=run, simulated=True)
    simulate(campaign, workers=4)
    before = list(Answer.objects.values())
    again = simulate(campaign, workers=4)
    assert (again.answers, again.labelled) == (0, 2)
    assert list(Answer.objects.values()) == before
    assert Worker.objects.count() == 4


@pytest.mark.rows
@pytest.mark.django_db
def test_a_broken_off_simulation_goes_on_with_its_workers(run, monkeypatch):
    from annotate.services import simulation

    campaign = open_small_campaign(run=run, simulated=True)
    real, calls = simulation.submit, []

    def breaks(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(simulation, "submit", breaks)
        with pytest.raises(KeyboardInterrupt):
            simulate(campaign, workers=3)
    simulate(campaign, workers=3)
    assert Answer.objects.count() == 6
    assert Worker.objects.count() == 3


@pytest.mark.rows
@pytest.mark.django_db
def test_people_and_programs_are_never_mixed(run):
    campaign = open_small_campaign(run=run)
    claim(a_worker(), campaign, timezone.now())
    with pytest.raises(CannotSimulate, match="never mixed"):
        simulate(campaign)
    assert not Campaign.objects.get(pk=campaign.pk).simulated
    assert not Answer.objects.exists()


@pytest.mark.rows
@pytest.mark.django_db
def test_an_untouched_campaign_is_marked_first(run):
    campaign = open_small_campaign(run=run, slug="untouched")
    call_command("simulate_workers", "untouched", workers=3, seed=2)
    campaign.refresh_from_db()
    assert campaign.simulated
    assert campaign.source == "simulated"


@pytest.mark.rows
@pytest.mark.django_db
def test_a_rehearsal_asks_until_sure_too(run):
    campaign = open_small_campaign(
        run=run, simulated=True, adaptive=True, answers_most=4, control_rule="record"
    )
    with pytest.raises(CannotSimulate, match="up to 4 answers for each unit"):
        simulate(campaign, workers=3)
    done = simulate(campaign, workers=6, seed=1)
    assert not campaign.tasks.unsettled().exists()
    assert 4 <= done.answers == sum(task.answers_given for task in campaign.tasks.all()) <= 8
    assert simulate(campaign, workers=6, seed=1).answers == 0


@pytest.mark.rows
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda campaign: campaign.run.image_set.labels.clear(), "no masks"),
        (lambda campaign: setattr(campaign, "state", "paused"), "reopen it"),
        (lambda campaign: setattr(campaign, "answers_per_unit", 7), "too few"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_a_sentence(run, spoil, sentence):
    campaign = open_small_campaign(run=run, simulated=True)
    spoil(campaign)
    with pytest.raises(CannotSimulate, match=sentence):
        simulate(campaign)


@pytest.mark.rows
@pytest.mark.django_db
def test_the_command_names_the_campaigns_there_are(run):
    open_small_campaign(run=run, slug="beds", simulated=True)
    with pytest.raises(CommandError, match="there are: beds"):
        call_command("simulate_workers", "chairs")
    with pytest.raises(CommandError, match="too few"):
        call_command("simulate_workers", "beds", workers=2)


def test_categories_are_the_six():
    assert {category for _, category in core.VAGUE} <= set(CATEGORIES)
