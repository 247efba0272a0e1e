"""The options of the step `segment`: what the recipe keeps, what is refused, and the words."""

import pytest

from analysis.services.methods import in_words
from analysis.services.recipes import Recipe
from analysis.services.runs import RunRefused
from tests.analysis.made import a_network, a_run, an_image_set

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def asked(**options):
    return a_run(network=a_network(), image_set=an_image_set(), step_options={"segment": options})


def words(run):
    return in_words(Recipe.from_json(run.recipe), 1000)


def test_usual_options_leave_no_trace_so_that_older_runs_are_found():
    run = asked(threshold="half", top_share=0.005, compare=False)
    assert "options" not in run.recipe
    assert "locations above half of the map's maximum were stamped" in words(run)


def test_a_quantile_is_kept_with_its_share_and_told():
    run = asked(threshold="quantile")
    assert run.recipe["options"] == {"segment": {"threshold": "quantile", "top_share": 0.005}}
    assert "a share of 0.005 of the unit's activations over all images exceeds" in words(run)
    assert "the strongest one was taken" in words(run)


def test_comparing_makes_another_run():
    run = asked(compare=True)
    assert run.recipe["options"] == {"segment": {"compare": True}}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"top_share": 0.01}, "has no meaning while the threshold is half"),
        ({"threshold": "third"}, "threshold must be one of half, quantile, not third"),
        ({"threshold": "quantile", "top_share": 0.9}, "top_share must be 1e-05 to 0.5, not 0.9"),
        ({"compare": "yes"}, "compare must be true or false"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(RunRefused, match=sentence):
        asked(**options)
