"""Networks: asked for with what a worker needs to inspect them, and refused in a sentence."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from analysis.core.images import Preprocessing
from analysis.core.specs import NAME, PROGRAM, Spec, SpecRefused, kind_of, seed_of
from analysis.models import Network, State, UnitSemantics
from analysis.services import access, files, reports
from analysis.services.registering import RegistrationRefused, check_slug

CLASSES_MAX = 100_000


class NetworkRefused(RegistrationRefused):
    """A network cannot be made; the message says why and what to do."""


class Options(TypedDict, total=False):
    """What may be told of a network beside its name and architecture; all have defaults."""

    weights: Path | str | None  # a file, or "random" or "random:SEED" for an untrained network
    seed: int | None  # of the random weights that an untrained program holds
    preprocessing: Mapping[str, Any]  # of core/images.Preprocessing, whatever differs
    layers: Mapping[str, str]  # name → path of the module; empty: found by themselves
    classes: Sequence[str] | None  # names in the order of the outputs
    user: User | None
    note: str
    synthetic: bool


def request_network(*, slug: str, arch: str, **options: Unpack[Options]) -> Network:
    """Return a new network that waits for its inspection; its weights are copied.

    The caller enqueues `tasks.inspect_network`. A network of this name whose inspection failed,
    and that no run uses, is replaced.

    Raises:
        NetworkRefused: a bad or taken name, architecture, file, preparation or layer name.
    """
    try:
        check_slug(slug)
        spec = Spec.parse(arch)
        weights = _weights(spec, options.get("weights"))
        untrained = weights if isinstance(weights, str) else _held(options.get("seed"))
        requested = {
            "weights": untrained,
            "file": _file_name(spec, weights),
            "layers": _layers(options.get("layers") or {}),
            "preprocessing": _preprocessing(options.get("preprocessing") or {}),
        }
    except ValueError as error:
        raise NetworkRefused(str(error)) from error
    network = Network(
        slug=slug,
        # Where the program came from is nobody's business, and may not be there tomorrow.
        arch=f"exported:{Path(spec.name).name}" if spec.source == "exported" else arch.strip(),
        requested=requested,
        preprocessing=requested["preprocessing"],
        classes=_classes(options.get("classes") or []),
        note=_note(untrained, options.get("note", "")),
        synthetic=options.get("synthetic", False),
        created_by=options.get("user"),
    )
    return _stored(network, weights if isinstance(weights, Path) else None)


def inspect_again(network: Network) -> bool:
    """Let a worker inspect a network anew that failed, or whose worker was lost; False if done.

    The caller enqueues `tasks.inspect_network`.
    """
    open_again = Network.objects.filter(pk=network.pk).exclude(state=State.DONE)
    return bool(open_again.update(state=State.WAITING, error=""))


def delete(network: Network) -> None:
    """Delete a network that no run uses, its layers, units and files.

    Raises:
        NetworkRefused: runs rest on it, or its units have meanings.
    """
    if network.runs.exists() or UnitSemantics.objects.filter(unit__layer__network=network).exists():
        raise NetworkRefused(
            f"Network {network} has runs or labelled units: delete its runs first; "
            "what people said of its units is kept."
        )
    folder = f"networks/{network.slug}"
    with transaction.atomic():
        reports.delete_all(network)
        network.delete()
        transaction.on_commit(partial(files.remove, folder))


def check_program(arch: str, user: User | None) -> None:
    """Refuse an uploaded program from anybody but an admin; paths are the operator's to open.

    A program is checked before it is read (core/programs.py), but it stays a program.

    Raises:
        NetworkRefused: says who may, and what else there is.
    """
    if arch.strip().startswith("exported:") and (user is None or not access.is_admin(user)):
        raise NetworkRefused(
            "Exported programs are uploaded by an admin, named by a path below an open folder, or "
            "added with manage.py add_network; a state dict may be uploaded by any researcher."
        )


def _weights(spec: Spec, given: Path | str | None) -> Path | str:
    """Return the file to copy, or a text: random:SEED, or nothing for the package's weights.

    Raises:
        SpecRefused: it is missing, is not a weights file, or does not belong to the source.
    """
    if spec.source == "exported":
        path = _file(spec.name if given is None else given)
        if kind_of(path) != PROGRAM:
            raise SpecRefused(f"{path.name} is not an exported program (torch.export.save).")
        return path
    if isinstance(given, str) and seed_of(given) is not None:
        return f"random:{seed_of(given)}"
    if given is None or given == "":
        if spec.source == "efficientnet-lite0":
            return ""
        raise SpecRefused(
            "Name a weights file, or say random:SEED for an untrained network: "
            "nothing is downloaded."
        )
    path = _file(given)
    if kind_of(path) == PROGRAM:
        raise SpecRefused(f"{path.name} is an exported program: say exported:{path.name}.")
    return path


def _held(seed: int | None) -> str:
    """Return what a program's own weights are called: random:SEED where they were drawn."""
    return "" if seed is None else f"random:{seed}"


def _file(given: Path | str) -> Path:
    path = Path(given)
    if not path.is_file():
        raise SpecRefused(f"There is no file {path.name!r}.")
    return path


def _file_name(spec: Spec, weights: Path | str) -> str:
    """Return what its owner calls the file, for the sentences of the inspection."""
    if isinstance(weights, str):
        return ""
    return Path(spec.name).name if spec.source == "exported" else weights.name


def _layers(layers: Mapping[str, str]) -> dict[str, str]:
    for name, module in layers.items():
        if not NAME.fullmatch(name) or len(name) > 80:
            raise SpecRefused(
                f"Layer name {name!r} may have letters, digits, dots, dashes and underscores only."
            )
        if not module or len(module) > 200:
            raise SpecRefused(f"Layer {name} needs the path of a module, 200 letters at most.")
    return dict(layers)


def _preprocessing(given: Mapping[str, Any]) -> dict[str, Any]:
    Preprocessing.from_json(given)  # raises ValueError for what means nothing
    return dict(given)


def _note(weights: str, note: str) -> str:
    """Say beside the thing itself that a network has learnt nothing."""
    return f"Untrained ({weights}): a baseline. {note}".strip() if weights else note


def _classes(classes: Sequence[str]) -> list[str]:
    names = [name.strip() for name in classes]
    if len(names) > CLASSES_MAX or any(not name or len(name) > 200 for name in names):
        raise NetworkRefused(
            f"Class names must not be empty nor longer than 200 letters, {CLASSES_MAX:,} at most."
        )
    return names


def _stored(network: Network, path: Path | None) -> Network:
    """Write the row, which keeps the name, then the file; a worker is told after both."""
    try:
        with transaction.atomic():
            Network.objects.filter(
                slug=network.slug, state=State.FAILED, runs=None, layers=None
            ).delete()
            network.save(force_insert=True)
    except IntegrityError as error:
        raise NetworkRefused(f"There is a network named {network.slug!r} already.") from error
    try:
        if path is not None:
            files.copy_in(upload_name(network), path)
    except OSError as error:
        network.delete()
        raise NetworkRefused(f"{path.name if path else ''} could not be copied: {error}") from error
    return network


def upload_name(network: Network) -> str:
    """Return where a file lies from the request to the inspection."""
    ending = ".pt2" if network.arch.startswith("exported:") else ""  # torch looks at it
    return f"networks/{network.slug}/upload{ending}"
