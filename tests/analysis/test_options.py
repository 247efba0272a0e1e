"""Options of steps: declared once, checked, kept in the recipe, asked for in three ways."""

import dataclasses
import io

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.urls import reverse

from analysis.models import Run
from analysis.services.options import Option, filled
from analysis.services.recipes import RunRefused
from analysis.services.runs import request_run
from analysis.services.steps import STEPS, options_of
from analysis.views.run_form import RunForm
from tests.analysis.made import a_network, an_image_set

ASKS = (
    Option("size", "side in pixels", 11, least=1, most=99),
    Option("share", "of the maximum", 0.5, least=0.0, most=1.0),
    Option("exact", "leave nothing out", False),
    Option("kind", "what hides", "random", choices=("random", "grey")),
    Option("named", "which units", ""),
    Option("weight", "of anything", 1.0, least=0.0),
    Option("depth", "below zero", -1, most=0),
)
DEFAULTS = {option.name: option.default for option in ASKS}


def unless_usual(network, image_set, layers, values):
    """Keep nothing while all is at its default, as a step that came to have options does."""
    if values["named"] == "nobody":
        raise RunRefused(f"{network} has no unit called nobody.")
    return {} if values == DEFAULTS else dict(values)


@pytest.fixture
def asking(steps, monkeypatch):
    """The step segment with options, and no other that has any."""
    for name in set(STEPS) - {"scan", "segment"}:
        monkeypatch.delitem(STEPS, name)
    step = dataclasses.replace(STEPS["segment"], asks=ASKS, options=unless_usual)
    monkeypatch.setitem(STEPS, "segment", step)
    return a_network(), an_image_set()


def ask(asking, **chosen):
    """Return the run with these options of segment."""
    network, image_set = asking
    return request_run(network=network, image_set=image_set, step_options={"segment": chosen})[0]


def test_what_is_not_given_is_at_its_default():
    assert filled("segment", ASKS, {"size": 7, "share": 1}) == DEFAULTS | {"size": 7, "share": 1.0}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"sice": 7}, "segment has no option 'sice'; its options are: size, share, exact"),
        ({"size": 0}, "size must be 1 to 99, not 0"),
        ({"size": 7.5}, "size must be a whole number, not 7.5"),
        ({"size": True}, "size must be a whole number, not True"),
        ({"size": None}, "size must be a whole number, not None"),
        ({"share": float("nan")}, "share must be 0.0 to 1.0, not nan"),
        ({"share": "0.5"}, "share must be a number, not '0.5'"),
        ({"exact": 1}, "exact must be true or false, not 1"),
        ({"kind": "blue"}, "kind must be one of random, grey, not blue"),
        ({"kind": 3}, "kind must be text, not 3"),
        ({"weight": -1.0}, "weight must be at least 0.0, not -1.0"),
        ({"depth": 1}, "depth must be at most 0, not 1"),
    ],
)
def test_what_is_no_value_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(RunRefused, match=sentence):
        filled("segment", ASKS, given)


def test_flags_are_unique_over_all_steps():
    names = [option.name for step in STEPS.values() for option in step.asks]
    assert len(names) == len(set(names))


@pytest.mark.rows
@pytest.mark.django_db
class TestRuns:
    def test_options_make_another_run_and_defaults_do_not(self, asking):
        plain, usual, other = ask(asking), ask(asking, size=11), ask(asking, size=7)
        assert plain == usual != other
        assert "options" not in plain.recipe
        assert options_of(plain, "segment") == DEFAULTS
        assert other.recipe["options"]["segment"]["size"] == 7
        assert options_of(other, "segment") == DEFAULTS | {"size": 7}

    @pytest.mark.parametrize(
        ("chosen", "sentence"),
        [
            ({"segment": {"named": "nobody"}}, "net has no unit called nobody"),
            ({"segment": {"size": 0}}, "size must be 1 to 99"),
            ({"scan": {"size": 7}}, "The step scan has no option 'size'; it has none."),
            ({"dance": {}}, "no step 'dance'; the steps are: scan"),
        ],
    )
    def test_what_cannot_be_is_refused(self, asking, chosen, sentence):
        network, image_set = asking
        with pytest.raises(RunRefused, match=sentence):
            request_run(network=network, image_set=image_set, step_options=chosen)
        assert not Run.objects.exists()

    def test_an_option_of_a_step_that_is_not_asked_for_is_refused(self, asking):
        network, image_set = asking
        wanted = {"steps": ["scan"], "step_options": {"segment": {"size": 7}}}
        with pytest.raises(RunRefused, match="size is an option of the step segment: ask for"):
            request_run(network=network, image_set=image_set, **wanted)

    def test_the_terminal_has_a_flag_for_each(self, asking):
        flags = ["--size", "7", "--exact", "--kind", "grey", "--share", "0.25"]
        call_command("analyze", "net", "photos", *flags, stdout=io.StringIO())
        chosen = {"size": 7, "exact": True, "kind": "grey", "share": 0.25}
        assert Run.objects.get().recipe["options"]["segment"] == DEFAULTS | chosen
        with pytest.raises(CommandError, match="size must be 1 to 99, not 100"):
            call_command("analyze", "net", "photos", "--size", "100", stdout=io.StringIO())

    def test_the_form_has_a_field_for_each(self, asking):
        sent = QueryDict(mutable=True)
        sent.update({"network": "net", "image_set": "photos", "top": "60", "device": "auto"})
        sent.update({"precision": "float32", "segment_size": "7", "segment_share": ""})
        sent.setlist("layers", ["conv1", "conv2"])
        sent.setlist("steps", ["scan", "segment"])
        form = RunForm(sent, QueryDict())
        assert form.is_valid(), form.errors
        kept = {"size": 7, "exact": False}
        assert form.options()["step_options"] == {"scan": {}, "segment": kept}
        assert ("segment", 7) in [(step, len(fields)) for step, fields in form.step_fields()]
        sent["segment_size"] = "100"
        assert "less than or equal to 99" in str(RunForm(sent, QueryDict()).errors)

    def test_the_page_of_the_form_and_of_the_run_show_them(self, asking, client, researcher):
        client.force_login(researcher)
        page = client.get(reverse("analysis:run_new")).content.decode()
        assert "Options of the step segment" in page
        assert 'name="segment_size" value="11"' in page
        run = ask(asking, size=7)
        page = client.get(reverse("analysis:run", args=[run.short_key])).content.decode()
        assert "Options of segment" in page
        assert "size 7" in page
