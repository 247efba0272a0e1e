"""Names of top images: by their keys alone, together or far apart, also where one is gone."""

import pytest

from analysis.models import TopImage
from analysis.services.top_image_names import names_by_key
from tests.annotate.factories import a_finished_run

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def named():
    """The names of all top images of a run, one by one."""
    rows = a_finished_run(units=4).top_images.order_by("pk")
    return {row.pk: f"{row.end}/{row.rank}" for row in rows}


@pytest.mark.parametrize("step", [1, 2, 3, 50])
def test_keys_near_and_far_have_the_names_of_their_rows(named, step):
    asked = list(named)[::step]
    found = names_by_key(set(asked))
    assert {key: found[key] for key in asked} == {key: named[key] for key in asked}
    assert found.items() <= named.items()


def test_rows_that_are_gone_have_no_name_and_nothing_asks_for_nothing(named):
    gone = list(named)[10]
    TopImage.objects.filter(pk=gone).delete()
    near, far = set(list(named)[:20]), {gone, max(named) + 10_000}
    assert names_by_key(near).keys() == near - {gone}
    assert names_by_key(far) == {}
    assert names_by_key([]) == {}


def test_keys_far_apart_do_not_read_what_lies_between(named):
    ends = [min(named), max(named)]
    assert names_by_key(ends) == {key: named[key] for key in ends}
    assert len(names_by_key(list(named)[::2])) == len(named) - 1
