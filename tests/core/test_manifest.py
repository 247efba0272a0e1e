"""The manifest: in order, by number, the same fingerprint for the same content."""

import pytest

from analysis.core import manifest
from analysis.core.manifest import Entry, Manifest, ManifestWriter


def entry(number, scene="bed"):
    return Entry(number, f"images/画{number}.jpg", "", scene, 4, 3, number.to_bytes(16, "big"))


def written(path, entries):
    with ManifestWriter(path) as writer:
        for one in entries:
            writer.add(one)
    return writer


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9])
def test_what_was_written_is_read_in_order_and_by_number(tmp_path, monkeypatch, count):
    monkeypatch.setattr(manifest, "GROUP", 4)
    entries = [entry(number) for number in range(count)]
    written(tmp_path / "m", entries)
    opened = Manifest(tmp_path / "m")
    assert len(opened) == count
    assert list(opened.entries()) == entries
    assert [opened[number] for number in reversed(range(count))] == entries[::-1]
    assert list(opened.entries(1, 3)) == entries[1:3]
    assert list(opened.entries(2, 99)) == entries[2:]


def test_a_number_beyond_the_end_is_an_index_error(tmp_path):
    written(tmp_path / "m", [entry(0)])
    for number in (-1, 1):
        with pytest.raises(IndexError, match="among 1"):
            Manifest(tmp_path / "m")[number]


def test_a_gap_in_the_numbers_is_refused(tmp_path):
    with pytest.raises(ValueError, match="gap"), ManifestWriter(tmp_path / "m") as writer:
        writer.add(entry(1))


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    same = [written(tmp_path / name, [entry(0), entry(1)]).fingerprint({}) for name in "ab"]
    assert same[0] == same[1]
    other = written(tmp_path / "c", [entry(0), entry(1, "bath")])
    assert len({same[0], other.fingerprint({}), other.fingerprint({"classes": []})}) == 3


def test_scenes_and_images_are_counted(tmp_path):
    writer = written(tmp_path / "m", [entry(0), entry(1, ""), entry(2), entry(3, "bath")])
    assert writer.count == 4
    assert writer.scenes == {"bed": 2, "bath": 1}
