"""Archives: out and in again with the same tables and pages, damaged ones refused, none by half."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from analysis.core.archives import Archive, ArchiveRefused, pack
from analysis.core.arrays import packed
from analysis.models import (
    ClassScore,
    ConceptMatch,
    Image,
    ImageSet,
    Localisation,
    MatchDecision,
    MinimalImage,
    Network,
    ReceptiveField,
    Run,
    Segment,
    TopImage,
    Unit,
    UnitSemantics,
)
from analysis.services import files, preferring, runs
from analysis.services.pictures import picture_file, preferred_token
from analysis.services.preferring import Found, Liked
from analysis.services.recipes import Recipe
from analysis.services.runs import RunRefused
from annotate.models import Answer, Campaign, ConceptDecision, Worker
from annotate.services import archives
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import (
    NetworkFactory,
    a_finished_run,
    a_given,
    a_worker,
    open_small_campaign,
)

NUMBERS = packed({"a": np.arange(3)})
pytestmark = [pytest.mark.rows, pytest.mark.django_db]
GB = 2**30


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """The folder of the module's files."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def archive(django_db_setup, django_db_blocker, media, tmp_path_factory):
    """The archive of a small network with something of everything, whose rows are gone."""
    path = tmp_path_factory.mktemp("archives") / "net.zip"
    patch = pytest.MonkeyPatch()
    patch.setattr("django.conf.settings.MEDIA_ROOT", media / "first")
    with django_db_blocker.unblock(), transaction.atomic():
        network = everything()
        path.write_bytes(b"".join(archives.export(network, weights=True)))
        transaction.set_rollback(True)
    patch.undo()
    return path


@pytest.fixture(autouse=True)
def installation(settings, tmp_path):
    """An installation of its own for what is imported."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.VAR = tmp_path


def everything():
    """Make a network with rows of every table and files of every kind."""
    run = a_finished_run(units=2)
    network, images = run.network, run.image_set
    Network.objects.filter(pk=network.pk).update(
        slug="net", weights="networks/net/weights.safetensors", requested={"file": "of-bob.pt"}
    )
    ImageSet.objects.filter(pk=images.pk).update(slug="rooms-set", root="/home/bob/secret")
    run.recipe = Recipe(
        *("net-print", "net", "set-print", "rooms-set", ("conv1",), ("features.0",), 60),
        *(("scan", "segment"), "float32", 512),
    ).to_json()
    run.save()
    files.write("networks/net/weights.safetensors", b"tensors")
    files.write("image-sets/rooms-set/manifest.parquet", b"list")
    files.write(f"runs/{run.key}/layers/conv1.npz", NUMBERS)
    files.write(f"runs/{run.key}/later/of-a-step-to-come.json", b"{}")
    for segment in Segment.objects.filter(top_image__rank__lt=2):
        files.write(picture_file(segment.token, "plain", "tile"), segment.token.encode())
    unit = Unit.objects.filter(layer__network=network).order_by("channel")[0]
    known(run, unit)
    campaign = open_small_campaign(run=run, slug="rooms", answers=2)
    for words in ("lamp", "a lamp"):
        worker = a_worker(pseudonym=f"quiet-{len(words)}")
        lease = claim(worker, campaign, timezone.now())
        while lease:
            submit(lease, a_given(lease, concept=words), timezone.now())
            lease = claim(worker, campaign, timezone.now())
    first = Answer.objects.order_by("pk")[0]
    first.counts = False
    first.save()
    again = Answer.objects.get(pk=first.pk)
    again.pk, again.supersedes, again.counts, again.concept = None, first, True, "light"
    again.save(force_insert=True)
    decided = ConceptDecision.objects.create(campaign=campaign, act="rename", concept="a", name="b")
    ConceptDecision.objects.create(campaign=campaign, act="undo", undoes=decided)
    publish(campaign)
    return Network.objects.get(pk=network.pk)


def known(run, unit):
    """Give a run results of every step, with pictures."""
    image = Image.objects.filter(image_set=run.image_set).order_by("number")[0]
    ReceptiveField.objects.create(run=run, unit=unit, size=80.5, images=7)
    ClassScore.objects.create(
        run=run, unit=unit, rank=0, label=3, name="lamp", iou=0.1, cap=0.5, chance=0.01, f1=0.2,
        precision=0.3, average_precision=0.4, correlation=0.5,
    )  # fmt: skip
    MinimalImage.objects.create(
        run=run, image=image, regions="automatic", scene="kitchen", token="m" * 32, before=0.9,
        after=0.1, total=9, kept=2, area=0.25,
        steps=[{"region": 1, "name": "", "score": 0.9, "kept": 0.5}],
    )  # fmt: skip
    files.write(picture_file("m" * 32, "step000", "tile2x"), b"minimal")
    shared = {"run": run, "label": 3, "name": "lamp", "how": "name", "jaccard": 0.1, "chance": 0.0}
    shared |= {"images": 9, "images_with_class": 4, "sources": "people"}
    example = {"rank": 0, "image": image.number, "token": "e" * 32, "there": True, "jaccard": 0.5}
    Localisation.objects.create(**shared, unit=unit, concept="lamp")
    Localisation.objects.create(**shared, concept="a lamp/", examples=[example])
    files.write(picture_file("e" * 32, "found", "large"), b"example")
    liked = Liked(image.number, 9.5, "kitchen", "")
    preferring.write_found(run, Found(9, {"kitchen": 9}, {}, {"conv1": [liked]}))
    files.write(liked_picture(run, image.number), b"preferred")
    # What was said of another network over the same images.
    ConceptMatch.objects.create(image_set=run.image_set, concept="of another", how="none")
    match = ConceptMatch.objects.create(
        image_set=run.image_set, concept="lamp", label=3, how="person", version=2
    )
    acted = {"match": match, "before_how": "name", "after_how": "person", "before_label": 2}
    first = MatchDecision.objects.create(**acted, number=1, act="class", after_label=3)
    MatchDecision.objects.create(**acted, number=2, act="undo", after_label=2, undoes=first)


def liked_picture(run, number):
    return picture_file(preferred_token(run.key, number), "plain", "tile")


def members(path):
    """Return all members of an archive but the manifest."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if name != "manifest.json"}


def changed(path, to, change):
    """Write an archive whose members were changed by somebody who knows the format."""
    with zipfile.ZipFile(path) as file:
        manifest, inside = json.loads(file.read("manifest.json")), members(path)
    change(manifest, inside)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in inside.items():
            file.writestr(name, data)
        if manifest is not None:
            file.writestr("manifest.json", json.dumps(manifest))
    return to


def hashed(manifest, inside):
    """Let a manifest tell the truth about what is inside."""
    manifest["members"] = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in inside.items()
    }


def test_out_and_in_again_gives_the_same_tables_and_pictures(archive, client, researcher):
    network = archives.take(archive).network
    assert (network.slug, network.public, network.weights) == ("net", False, "")
    again = Path(archive).with_name("again.zip")
    again.write_bytes(b"".join(archives.export(network)))
    before, after = members(archive), members(again)
    assert before.pop("weights/weights.safetensors") == b"tensors"
    assert {name for name in before if name.startswith("tables/")} >= {
        f"tables/{name}.jsonl"
        for name in ("top_images", "answers", "localisations", "minimal_images", "label_changes")
    }
    assert all(before.values()), [name for name, data in before.items() if not data]
    assert before == after
    only_what_is_of_the_network(before, network)
    assert b"e" * 32 not in b"".join(before.values())
    for secret in (b"/home/bob", b"of-bob", Segment.objects.all()[0].token.encode()):
        assert secret not in b"".join(before[name] for name in before if "tables" in name)
    segment = Segment.objects.get(
        top_image__unit__channel=1, top_image__end="top", top_image__rank=0
    )
    assert files.exists(picture_file(segment.token, "plain", "tile"))
    campaign = Campaign.objects.get(slug="rooms")
    assert campaign.state == "closed"
    assert set(Worker.objects.values_list("user", "digest")) == {(None, None)}
    assert {row.pseudonym for row in Worker.objects.all()} == {"rooms/quiet-4", "rooms/quiet-6"}
    client.force_login(researcher)
    run = Run.objects.get()
    unit = client.get("/atlas/net/conv1/0/").content.decode()
    assert segment_url_of(run, 0) in unit
    assert "light" in unit or "lamp" in unit
    for address in ("/findings/net/meanings/", "/findings/net/fields/", f"/runs/{run.short_key}/",
                    "/networks/net/", "/image-sets/rooms-set/", "/campaigns/rooms/"):  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200, address
    page = client.get("/networks/net/archive.zip")
    again.write_bytes(b"".join(page.streaming_content))
    assert members(again) == before
    assert "imported" in client.get(f"/runs/{run.short_key}/").content.decode()
    assert "Launch analysis" not in client.get("/networks/net/").content.decode()


def only_what_is_of_the_network(before, network):
    """Fail where words about another network went along, or a layer's pictures did not."""
    assert b"of another" not in before["tables/matches.jsonl"]
    assert b'"lamp"' in before["tables/matches.jsonl"]
    run = network.runs.get()
    [liked] = preferring.numbers(run)
    assert files.read(liked_picture(run, liked)) == b"preferred"


def segment_url_of(run, channel):
    """Return the address of a unit's first picture."""
    found = Segment.objects.get(
        top_image__run=run, top_image__unit__channel=channel, top_image__end="top",
        top_image__rank=0,
    )  # fmt: skip
    return found.url("segmented", "tile")


def nothing_is_here(tmp_path):
    """Tell whether an import left neither rows nor files."""
    left = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    rows = (Network, ImageSet, Run, Image, Campaign, Worker)
    return not left and not any(model.objects.exists() for model in rows)


def turned(manifest, inside):
    inside["tables/runs.jsonl"] = inside["tables/runs.jsonl"][::-1]


def bomb(manifest, inside):
    inside["results/x"] = bytes(200_000_000)


def put(name, data):
    """Return a change that puts a member in, with its true hash."""

    def change(manifest, inside):
        inside[name] = data
        hashed(manifest, inside)

    return change


def edited(ending, before, after):
    """Return a change of a member, with the true hash of what it is then."""

    def change(manifest, inside):
        name = next(one for one in inside if one.endswith(ending))
        assert before in inside[name]
        inside[name] = inside[name].replace(before, after)
        hashed(manifest, inside)

    return change


def packed(name):
    """Return a pack with one empty file."""
    return b"".join(pack("", [(name, b"")]).pieces)


def replaced(ending, data):
    """Return a change of a whole member, with its true hash."""

    def change(manifest, inside):
        inside[next(one for one in inside if one.endswith(ending))] = data
        hashed(manifest, inside)

    return change


def test_what_a_lost_import_leaves_is_removed_unless_it_is_somebody_s_by_now(tmp_path):
    NetworkFactory(slug="theirs")
    for name in ("theirs", "nobodys"):
        files.write(f"networks/{name}/weights.safetensors", b"tensors")
    folders = ["networks/theirs", "networks/nobodys", "pictures/ab/abc"]
    (tmp_path / "imports").mkdir()
    left = tmp_path / "imports" / "lost.json"
    left.write_text(json.dumps({"network": "theirs", "content": "other", "folders": folders}))
    archives._clear(left)
    assert files.exists("networks/theirs/weights.safetensors")
    assert not files.exists("networks/nobodys/weights.safetensors")
    assert not left.exists()


SPOILT = {
    "is not what the manifest says": turned,
    "lacks 'tables/runs.jsonl'": lambda m, i: i.pop("tables/runs.jsonl"),
    "holds 'tables/more.jsonl'": lambda m, i: i.update({"tables/more.jsonl": b""}),
    "of version 2; this Unitscope reads version 1": lambda m, i: m.update(version=2),
    "is no archive of Unitscope": lambda m, i: m.update(format="zip"),
    "no plain path": put("results/../../escaped", b""),
    "belongs nowhere": put("results/unknown/file", b""),
    "unpacks to 200,000,000 bytes": bomb,
    "no column 'rank2'": edited("top_images.jsonl", b'"rank"', b'"rank2"'),
    "activation cannot be 'high'": edited("top_images.jsonl", b"100.0", b'"high"'),
    "is no JSON": edited("top_images.jsonl", b"100.0", b"NaN"),
    "category cannot be": edited("answers.jsonl", b'"object"', b'"objekt"'),
    "the archive has no unit": edited("semantics.jsonl", b'"channel": 1', b'"channel": 7'),
    "contradicts itself": edited("top_images.jsonl", b'"rank": 5,', b'"rank": 4,'),
    "must have one line": put("tables/network.jsonl", b""),
    "is not the recipe of a run": edited("runs.jsonl", b'"modules"', b'"models"'),
    "is no picture's name": replaced("/minimal.tar", packed("minimal/../../x.py")),
}  # fmt: skip


@pytest.mark.parametrize("sentence", SPOILT)
def test_a_damaged_one_is_refused_in_a_sentence_and_leaves_nothing(archive, tmp_path, sentence):
    path = changed(archive, tmp_path / "bad.zip", SPOILT[sentence])
    with pytest.raises(ArchiveRefused, match=sentence):
        archives.take(path)
    assert nothing_is_here(tmp_path)


def test_what_is_no_archive_or_too_large_is_refused(archive, tmp_path):
    whole = archive.read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    for path, most, sentence in (
        (tmp_path / "half.zip", 1, "half.zip .* not all of it"),
        (tmp_path / "none.zip", 1, "There is no file"),
        (archive, 1e-6, "say --most-gb if that is right"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("import_archive", str(path), most_gb=most)
    assert nothing_is_here(tmp_path)


def test_twice_is_once_and_beside_itself_under_another_name(archive, tmp_path):
    out = io.StringIO()
    call_command("import_archive", str(archive), stdout=out)
    call_command("import_archive", str(archive), stdout=out)
    assert out.getvalue().splitlines() == [
        "net is imported, and private. It has no weights here, so it cannot be run.",
        "This archive is here already: the network net. Nothing was changed.",
    ]
    noted = edited("network.jsonl", b'"note": ""', b'"note": "x"')
    other = changed(archive, tmp_path / "other.zip", noted)
    with pytest.raises(ArchiveRefused, match="There is a network named 'net' already: say --as"):
        archives.take(other)
    call_command("import_archive", str(archive), name="copy", weights=True, stdout=out)
    assert "copy is imported, and private; rooms is called copy-rooms here." in out.getvalue()
    copy = Network.objects.get(slug="copy")
    assert copy.can_run
    assert files.read(copy.weights) == b"tensors"
    assert ImageSet.objects.count() == 1, "the same images are one image set"
    assert Run.objects.filter(network=copy).count() == 1
    assert Run.objects.values("key").distinct().count() == 2
    assert Segment.objects.count() == Segment.objects.values("token").distinct().count()
    label = UnitSemantics.objects.filter(unit__layer__network=copy)
    assert {row.origin for row in label} == {"copy-rooms"}
    kept = label[0].details["kept"]
    assert TopImage.objects.filter(pk__in=kept, run__network=copy).count() == len(kept) > 0


def test_an_import_that_breaks_off_or_is_killed_leaves_nothing_half(archive, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("annotate.services.archive_answers.write", broken)
        with pytest.raises(OSError, match="disk"):
            archives.take(archive)
    assert nothing_is_here(tmp_path)
    with Archive(archive, GB) as opened, monkeypatch.context() as patch:
        patch.setattr(archives, "_clear", lambda path: None)  # as if the power went
        patch.setattr("annotate.services.archive_answers.write", broken)
        with pytest.raises(OSError, match="disk"):
            archives.take(archive)
        assert not nothing_is_here(tmp_path)
    with pytest.raises(ArchiveRefused):
        archives.take(changed(archive, tmp_path / "bad.zip", SPOILT["is no archive of Unitscope"]))
    bad = changed(archive, tmp_path / "bad.zip", SPOILT["is not what the manifest says"])
    with pytest.raises(ArchiveRefused):
        archives.take(bad)
    assert nothing_is_here(tmp_path), "the next import clears up"
    assert opened.content


def broken(*given):
    raise OSError("the disk is full")


def test_what_was_imported_is_neither_run_nor_resumed(archive):
    network = archives.take(archive).network
    run = Run.objects.select_related("image_set").get()
    assert runs.resume(run) == 0
    with pytest.raises(RunRefused, match="net came with an archive without its weights"):
        runs.request_run(network=network, image_set=run.image_set)
    Network.objects.filter(pk=network.pk).update(weights="networks/net/weights.safetensors")
    network.refresh_from_db()
    with pytest.raises(RunRefused, match="rooms-set came with an archive without its images"):
        runs.request_run(network=network, image_set=run.image_set)


def test_weights_go_along_only_if_asked_for_and_never_as_code(archive, tmp_path):
    network = archives.take(archive).network
    with pytest.raises(ArchiveRefused, match="has no weights here"):
        archives.export(network, weights=True)
    network.arch = "exported:net.pt2"
    with pytest.raises(ArchiveRefused, match="is an exported program, which is code"):
        archives.export(network, weights=True)
    call_command("export_archive", "net", output=tmp_path / "net.zip", stderr=io.StringIO())
    assert not any(name.startswith("weights") for name in members(tmp_path / "net.zip"))
    with pytest.raises(CommandError, match="There is no network 'other'; there are: net"):
        call_command("export_archive", "other", output=tmp_path / "other.zip")
