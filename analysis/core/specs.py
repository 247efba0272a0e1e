"""What may be named as a network: its architecture and its weights file, judged without torch."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

# Weights files are read as tensors only; these are the kinds that can be.
SAFETENSORS, STATE_DICT, PROGRAM = "safetensors", "state dict", "exported program"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")
RANDOM = re.compile(r"random(?::(\d{1,9}))?")
CONVERT = (
    "where you trust the file, save its state dict: "
    "torch.save(model.state_dict(), 'weights.pth'), or better "
    "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
)


class SpecRefused(ValueError):
    """An architecture or a weights file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Spec:
    """An architecture: where its code comes from, and its name there (a path for exported)."""

    source: str  # torchvision, timm, efficientnet-lite0 or exported
    name: str

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Return what ``--arch`` names.

        Raises:
            SpecRefused: the text has none of the four forms.
        """
        source, colon, name = text.strip().partition(":")
        if source == "efficientnet-lite0" and not colon:
            return cls(source, "tf_efficientnet_lite0")
        if source in ("torchvision", "timm") and NAME.fullmatch(name):
            return cls(source, name)
        if source == "exported" and name:
            return cls(source, name)
        raise SpecRefused(
            f"Architecture {text!r} is none of torchvision:NAME, timm:NAME, efficientnet-lite0 "
            "and exported:FILE.pt2."
        )


def seed_of(text: str) -> int | None:
    """Return the seed of ``random`` or ``random:SEED``, or nothing for a file's name."""
    match = RANDOM.fullmatch(text)
    return int(match[1] or 0) if match else None


def kind_of(path: Path, name: str = "") -> str:
    """Return what a weights file is, told from its content and never from its name.

    ``name`` is what its owner calls it, for the sentences.

    Raises:
        SpecRefused: for a bare pickle, a packed bomb, or anything else.
    """
    name = name or path.name
    with path.open("rb") as file:
        start = file.read(16)
    if start[8:9] == b"{" and 2 <= int.from_bytes(start[:8], "little") <= 100_000_000:
        return SAFETENSORS
    if start[:4] == b"PK\x03\x04":
        return _kind_of_archive(path, name)
    # The form before torch 1.6: read as tensors only, like the newer one.
    if start[:2] == b"\x80\x02" and b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20" in start:
        return STATE_DICT
    if start[:1] == b"\x80":
        raise SpecRefused(
            f"{name} is a bare pickle, which can run code when it is opened: {CONVERT}."
        )
    raise SpecRefused(
        f"{name} is neither a safetensors file nor a state dict saved by torch: {CONVERT}."
    )


def _kind_of_archive(path: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise SpecRefused(f"{name} is broken or cut short ({error}).") from error
    # torch stores its tensors unpacked: an archive that grows on reading is none of its.
    if sum(entry.file_size for entry in entries) > 2 * path.stat().st_size + 1_000_000:
        raise SpecRefused(f"{name} unpacks to far more than its size; torch writes no such.")
    held = {entry.filename.partition("/")[2] for entry in entries}
    if "archive_format" in held or any(one.startswith("models/") for one in held):
        return PROGRAM
    if "constants.pkl" in held:
        raise SpecRefused(f"{name} is a TorchScript archive, which holds code: {CONVERT}.")
    if "data.pkl" in held:
        return STATE_DICT
    raise SpecRefused(f"{name} is a zip archive, but not one that torch wrote: {CONVERT}.")
