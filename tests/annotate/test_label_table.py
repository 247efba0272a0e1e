"""The table of answers: names become numbers, bad rows get a sentence, nothing given is changed."""

import numpy as np
import pytest

from annotate.core.label_table import UNKNOWN, LabelTable

ROWS = [("u1", "ann", "bed"), ("u1", "bob", "sofa"), ("u2", "ann", "bed"), ("u2", "cy", "bed")]


def test_names_are_numbered_as_they_appear():
    table = LabelTable.of(ROWS)
    assert (table.tasks, table.workers, table.labels) == (
        ["u1", "u2"],
        ["ann", "bob", "cy"],
        ["bed", "sofa"],
    )
    assert table.task.tolist() == [0, 0, 1, 1]
    assert table.worker.tolist() == [0, 1, 0, 2]
    assert table.label.tolist() == [0, 1, 0, 0]


def test_labels_may_be_given_with_some_that_nobody_chose():
    table = LabelTable.of(ROWS, labels=["lamp", "sofa", "bed"])
    assert table.label.tolist() == [2, 1, 2, 2]
    assert table.counts().tolist() == [[0, 1, 1], [0, 0, 2]]


def test_the_columns_are_copies_that_cannot_be_written_to():
    task = np.array([0, 1])
    table = LabelTable(task, np.array([0, 0]), np.array([1, 0]), range(2), range(1), range(2))
    task[0] = 1
    assert table.task.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        table.task[0] = 1


def test_known_truth_is_found_by_name():
    table = LabelTable.of(ROWS)
    assert table.known({"u2": "sofa"}).tolist() == [UNKNOWN, 1]
    assert table.known(None).tolist() == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "no answers"),
        ([("u1", "ann")], "give task, worker and label"),
        ([*ROWS, ("u1", "ann", "sofa")], "'ann' answered task 'u1' twice"),
        ([*ROWS, ("u3", "ann", "tent")], "'tent' is no label"),
    ],
)
def test_bad_rows_are_refused_in_a_sentence(rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        LabelTable.of(rows, labels=["bed", "sofa"])


@pytest.mark.parametrize(
    ("task", "worker", "sentence"),
    [
        ([0, 1], [0], "entries"),
        ([0, 2], [0, 0], "task holds 2: there are 2 names"),
        ([0, -1], [0, 0], "task holds -1"),
        ([0.0, 1.0], [0, 0], "whole numbers"),
        ([[0, 1]], [0, 0], "whole numbers"),
    ],
)
def test_bad_columns_are_refused_in_a_sentence(task, worker, sentence):
    with pytest.raises(ValueError, match=sentence):
        LabelTable(
            np.array(task), np.array(worker), np.array([0, 0]), ["a", "b"], ["w"], ["x", "y"]
        )


def test_a_name_twice_is_refused():
    with pytest.raises(ValueError, match="one twice"):
        LabelTable(np.zeros(1, int), np.zeros(1, int), np.zeros(1, int), "aa", "w", "xy")


@pytest.mark.parametrize(
    ("truth", "sentence"), [({"u9": "bed"}, "nobody answered"), ({"u1": "tent"}, "no label here")]
)
def test_an_unknown_truth_is_refused(truth, sentence):
    with pytest.raises(ValueError, match=sentence):
        LabelTable.of(ROWS).known(truth)
