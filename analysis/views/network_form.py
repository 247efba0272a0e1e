"""The form that registers a network."""

from typing import Any

from django import forms
from django.conf import settings

SOURCES = [
    ("torchvision", "torchvision"),
    ("timm", "timm"),
    ("efficientnet-lite0", "EfficientNet-Lite0"),
    ("exported", "exported program (torch.export)"),
]
WEIGHTS = [
    ("file", "a file to upload"),
    ("path", "a file on the server"),
    ("untrained", "none: an untrained network, as a baseline"),
    ("package", "ImageNet, from its package: EfficientNet-Lite0 only"),
]


class NetworkForm(forms.Form):
    """Where the network comes from, its weights, and what differs from the defaults."""

    use_required_attribute = False  # what is needed depends on what is chosen

    slug = forms.SlugField(
        max_length=80, label="Name in addresses", help_text="Letters, digits, - and _."
    )
    source = forms.ChoiceField(choices=SOURCES, label="Architecture from")
    architecture = forms.CharField(
        max_length=200,
        label="Its name there",
        help_text="For torchvision and timm: alexnet, resnet50, tf_efficientnet_b0, …",
    )
    weights = forms.ChoiceField(
        choices=WEIGHTS, widget=forms.RadioSelect, initial="file", label="Taken from"
    )
    file = forms.FileField(
        label="File",
        help_text="safetensors, or a state dict saved by torch. Nothing is ever unpickled.",
    )
    path = forms.CharField(max_length=1000, label="Path on the server")
    seed = forms.IntegerField(
        required=False, min_value=0, max_value=999_999_999, label="Seed of the untrained weights"
    )
    input_size = forms.IntegerField(
        required=False, min_value=1, max_value=4096, label="Input size", help_text="Pixels a side."
    )
    mean = forms.CharField(
        required=False, max_length=100, help_text="R,G,B of pixels between 0 and 1."
    )
    std = forms.CharField(required=False, max_length=100, label="Standard deviation")
    layers = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Layers",
        help_text="NAME=MODULE, one a line. Left empty, they are found by themselves.",
    )
    classes = forms.CharField(
        required=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Classes",
        help_text="One name a line, in the order of the outputs.",
    )
    note = forms.CharField(required=False, max_length=2000, help_text="What people should know.")
    synthetic = forms.BooleanField(required=False, label="Trained on synthetic images")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the open folders, and ask only for what the chosen source and weights need."""
        super().__init__(*args, **kwargs)
        folders = ", ".join(str(folder) for folder in settings.ALLOWED_FOLDERS)
        self.fields["path"].help_text = f"Below {folders}."
        weights = self.fields["weights"]
        if not folders and isinstance(weights, forms.ChoiceField):
            weights.choices = [one for one in WEIGHTS if one[0] != "path"]
        if self.is_bound:
            named = self.data.get("source") in ("torchvision", "timm")
            self.fields["architecture"].required = named
            for name in ("file", "path"):
                self.fields[name].required = self.data.get("weights") == name

    def clean_mean(self) -> list[float] | None:
        """Read three numbers."""
        return self._colours("mean")

    def clean_std(self) -> list[float] | None:
        """Read three numbers."""
        return self._colours("std")

    def clean_layers(self) -> dict[str, str]:
        """Read NAME=MODULE, one a line or between commas."""
        layers: dict[str, str] = {}
        for line in self.cleaned_data["layers"].replace(",", "\n").splitlines():
            name, equals, module = (part.strip() for part in line.partition("="))
            if line.strip() and not (name and equals and module):
                raise forms.ValidationError(f"{line.strip()[:80]!r} is not NAME=MODULE.")
            if name in layers:
                raise forms.ValidationError(f"The layer {name!r} is named twice.")
            if name:
                layers[name] = module
        return layers

    def clean_classes(self) -> list[str]:
        """Read one name a line."""
        lines = self.cleaned_data["classes"].splitlines()
        return [line.strip() for line in lines if line.strip()]

    def clean(self) -> dict[str, Any]:
        """Refuse what does not belong together."""
        data = super().clean() or {}
        source, weights = data.get("source"), data.get("weights")
        if weights == "package" and source != "efficientnet-lite0":
            self.add_error("weights", "Only EfficientNet-Lite0 has a package with its weights.")
        if weights == "untrained" and source == "exported":
            self.add_error("weights", "A program carries its weights: upload it or name its path.")
        return data

    def arch(self) -> str:
        """Return the architecture as the service takes it."""
        source, name = self.cleaned_data["source"], self.cleaned_data["architecture"].strip()
        if source == "efficientnet-lite0":
            return "efficientnet-lite0"
        if source == "exported":
            upload = self.cleaned_data["file"]
            name = upload.name if upload else self.cleaned_data["path"]
        return f"{source}:{name}"

    def options(self) -> dict[str, Any]:
        """Return what was told beside name, architecture and weights."""
        data = self.cleaned_data
        size = data["input_size"]
        told = {"height": size, "width": size, "mean": data["mean"], "std": data["std"]}
        return {
            "preprocessing": {name: value for name, value in told.items() if value is not None},
            "layers": data["layers"],
            "classes": data["classes"],
            "note": data["note"],
            "synthetic": data["synthetic"],
        }

    def _colours(self, name: str) -> list[float] | None:
        text = self.cleaned_data[name].strip()
        if not text:
            return None
        try:
            red, green, blue = (float(part) for part in text.split(","))
        except ValueError as error:
            raise forms.ValidationError("Write three numbers: R,G,B.") from error
        return [red, green, blue]
