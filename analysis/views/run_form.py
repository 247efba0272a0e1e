"""The form that launches a run: network, images, layers, and how."""

from typing import Any

from django import forms
from django.http import QueryDict

from analysis.models import ImageSet, Layer, Network, State
from analysis.services.options import Option
from analysis.services.recipes import LARGEST_TOP, PRECISIONS
from analysis.services.runs import LEAST_MEMORY, MOST_MEMORY, Options
from analysis.services.steps import STEPS, USUAL

DEVICE_WORDS = {"auto": "whatever the worker has", "cpu": "CPU", "cuda": "GPU (CUDA)"}
PRECISION_WORDS = {"float32": "float32, exact", "bfloat16": "bfloat16, faster on new GPUs"}


class RunForm(forms.Form):
    """What may be chosen; its rules are those of `services.runs`."""

    network = forms.ModelChoiceField(
        Network.objects.runnable().filter(state=State.DONE),
        to_field_name="slug",
        empty_label=None,
        error_messages={
            "invalid_choice": "No such network, or not ready, or without weights here (known from"
            " published answers or an archive only): it cannot be run."
        },
    )
    image_set = forms.ModelChoiceField(
        ImageSet.objects.filter(state=State.DONE, count__gt=0, imported=""),
        to_field_name="slug",
        empty_label=None,
        label="Images",
    )
    layers = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    top = forms.IntegerField(
        min_value=1,
        max_value=LARGEST_TOP,
        initial=60,
        label="Images for each unit",
        help_text="The paper shows people 57 of a unit's top images and 3 that drive it least.",
    )
    steps = forms.MultipleChoiceField(
        choices=lambda: [(name, f"{name}: {step.words}") for name, step in STEPS.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=list(USUAL),
    )
    precision = forms.ChoiceField(
        choices=[(name, PRECISION_WORDS.get(name, name)) for name in PRECISIONS],
        label="Arithmetic",
        help_text="Part of the run: another precision makes another run.",
    )
    device = forms.ChoiceField(
        choices=list(DEVICE_WORDS.items()), help_text="Recorded, but not part of the run."
    )
    memory = forms.IntegerField(
        required=False,
        min_value=LEAST_MEMORY,
        max_value=MOST_MEMORY,
        label="Memory (MB)",
        help_text="Of a batch of occluded images; empty is 1024. Recorded, not part of the run.",
    )

    def __init__(self, data: QueryDict | None, asked: QueryDict) -> None:
        """Fill the form from the address, as a card of the console links to it, and offer layers.

        ``asked`` may name a network and an image set; the first of each is taken otherwise.
        """
        super().__init__(data)
        self.chosen: dict[str, Any] = {}
        for name in ("network", "image_set"):
            rows = self._rows(name)
            slug = (data or asked).get(name, "")[:80].replace("\0", "")
            self.chosen[name] = rows.filter(slug=slug).first() or rows.first()
            self.fields[name].initial = self.chosen[name]
        network = self.chosen["network"]
        found = Layer.objects.filter(network=network).order_by("position") if network else ()
        offered = [(layer.name, f"{layer.name} · {layer.channels:,} units") for layer in found]
        layers = self.fields["layers"]
        if isinstance(layers, forms.MultipleChoiceField):
            layers.choices = offered
        layers.initial = [name for name, _ in offered]
        for step in STEPS.values():
            for option in step.asks:
                self.fields[f"{step.name}_{option.name}"] = option_field(option)

    @property
    def is_possible(self) -> bool:
        """Return whether there is a network and an image set to choose at all."""
        return all(self.chosen.values())

    def options(self) -> Options:
        """Return what was chosen beside network and images."""
        given = self.cleaned_data
        names = [name for name, _ in self.fields["layers"].choices]  # type: ignore[attr-defined]
        return Options(
            layers=given["layers"] if set(given["layers"]) != set(names) else None,
            top=given["top"],
            steps=given["steps"],
            precision=given["precision"],
            device=given["device"],
            memory=given["memory"] or 0,
            step_options={name: self._chosen(name) for name in given["steps"]},
        )

    def step_fields(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the steps that have options, each with its fields."""
        return [
            (step.name, [self[f"{step.name}_{option.name}"] for option in step.asks])
            for step in STEPS.values()
            if step.asks
        ]

    def _chosen(self, step: str) -> dict[str, Any]:
        """Return the options of a step; what was left empty is at its default."""
        fields = {option.name: f"{step}_{option.name}" for option in STEPS[step].asks}
        given = {name: self.cleaned_data[field] for name, field in fields.items()}
        return {name: value for name, value in given.items() if value not in (None, "")}

    def _rows(self, name: str) -> Any:
        """Return the rows that a field offers."""
        field = self.fields[name]
        return field.queryset if isinstance(field, forms.ModelChoiceField) else None


def option_field(option: Option) -> forms.Field:
    """Return the form field of one option; empty means its default."""
    how: dict[str, Any] = {
        "required": False,
        "initial": option.default,
        "label": option.name.replace("_", " ").capitalize(),
        "help_text": option.words,
    }
    if option.choices:
        return forms.ChoiceField(choices=[(name, name) for name in option.choices], **how)
    if option.kind is bool:
        return forms.BooleanField(**how)
    if option.kind is str:
        return forms.CharField(max_length=1000, **how)
    field = forms.IntegerField if option.kind is int else forms.FloatField
    return field(**how, min_value=option.least, max_value=option.most)  # type: ignore[arg-type]
