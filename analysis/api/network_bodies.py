"""What `networks/` takes: a network by path, by upload, or untrained."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers

from analysis.api.bodies import Body
from analysis.api.parsers import insist_on_text
from analysis.core.images import RESAMPLING
from analysis.services.networks import CLASSES_MAX
from analysis.services.registering import allowed_path

SLUG = "^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,78}[a-zA-Z0-9])?$"
EXPORTED = "exported:"


class PreprocessingBody(Body):
    """How an image becomes the input; what is left out has its default."""

    height = serializers.IntegerField(required=False, min_value=1, max_value=4096)
    width = serializers.IntegerField(required=False, min_value=1, max_value=4096)
    mean = serializers.ListField(
        child=serializers.FloatField(min_value=-1000, max_value=1000),
        required=False,
        min_length=3,
        max_length=3,
    )
    std = serializers.ListField(
        child=serializers.FloatField(min_value=0.000001, max_value=1000),
        required=False,
        min_length=3,
        max_length=3,
    )
    interpolation = serializers.ChoiceField(choices=list(RESAMPLING), required=False)
    fit = serializers.ChoiceField(choices=("crop", "squash"), required=False)
    crop = serializers.FloatField(required=False, min_value=0.01, max_value=1)
    channels = serializers.ChoiceField(choices=("RGB", "BGR"), required=False)


class NetworkBody(Body):
    """A network whose weights lie where the installation can read them, or that has none."""

    slug = serializers.RegexField(SLUG, help_text="its name in addresses and exports")
    arch = serializers.CharField(
        max_length=300,
        help_text="torchvision:NAME, timm:NAME, efficientnet-lite0 or exported:FILE.pt2",
    )
    path = serializers.CharField(
        required=False, max_length=1000, help_text="a weights file below an allowed folder"
    )
    untrained = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=999_999_999,
        help_text="instead of weights: the seed of random ones",
    )
    preprocessing = PreprocessingBody(required=False)
    layers = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="name → path of the module; found by themselves if left out",
    )
    classes = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        max_length=CLASSES_MAX,
        help_text="names in the order of the outputs",
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=10_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two answers to where the weights come from."""
        if "path" in attrs and "untrained" in attrs:
            raise serializers.ValidationError("Give a path or a seed for untrained, not both.")
        return attrs


class NetworkUpload(NetworkBody):
    """A network whose weights come along, as a form; nested fields are JSON text."""

    path = untrained = None  # type: ignore[assignment]
    file = serializers.FileField(help_text="safetensors, a state dict, or an exported program")

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked fields of the form."""
        return super().to_internal_value(plain(data) if isinstance(data, QueryDict) else data)


def plain(form: QueryDict) -> dict[str, Any]:
    """Return the fields of a form, those that hold JSON read."""
    fields: dict[str, Any] = {}
    for name, values in form.lists():
        if len(values) > 1:
            raise serializers.ValidationError({name: ["This field is given more than once."]})
        fields[name] = values[0]
        if name in {"preprocessing", "layers", "classes"}:
            try:
                fields[name] = json.loads(str(values[0]))
                insist_on_text(fields[name])
            except (ValueError, RecursionError):
                raise serializers.ValidationError({name: ["This field must hold JSON."]}) from None
    return fields


@contextmanager
def weights(asked: dict[str, Any]) -> Iterator[Path | str | None]:
    """Give where the weights are, as the service takes it. Uploads lie on disk meanwhile.

    Raises
    ------
    ValueError
        if a path is not below an allowed folder.
    """
    upload: UploadedFile[bytes] | None = asked.pop("file", None)
    seed, path = asked.pop("untrained", None), asked.pop("path", None)
    if upload is not None:
        with tempfile.NamedTemporaryFile(suffix=".upload") as file:
            for chunk in upload.chunks():
                file.write(chunk)
            file.flush()
            yield Path(file.name)
    elif seed is not None:
        yield f"random:{seed}"
    else:
        # An exported program may be named in the architecture: that is a path like any other.
        named = asked["arch"].strip().removeprefix(EXPORTED)
        program = named if asked["arch"].strip().startswith(EXPORTED) else None
        wanted = path or program
        yield allowed_path(wanted) if wanted else None
