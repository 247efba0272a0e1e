"""Why a grid is empty: what was asked for and nobody has made yet, and how to get it."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from analysis.models import ClassScore, Layer, ReceptiveField, Source, State, UnitSemantics
from analysis.services.atlas_grid import LABELS, Wanted


def why_empty(layers: Sequence[Layer], wanted: Wanted) -> list[str]:
    """Return a sentence for each thing asked about that these layers have nothing of."""
    found = []
    labels = UnitSemantics.objects.filter(unit__layer__in=layers)
    if wanted.source:
        labels = labels.filter(source=wanted.source)
    if (wanted.asks_of_labels and wanted.labelled != "no") and not labels.exists():
        found.append(_no_labels(wanted.source))
    elif any(map(wanted.range, LABELS)) and not labels.filter(precision__isnull=False).exists():
        found.append(_("These labels have no precision: it is known of answers by people only."))
    done = {"unit__layer__in": layers, "run__state": State.DONE}
    if wanted.range("iou") and not ClassScore.objects.filter(**done).exists():
        found.append(
            _("No finished run has compared these units with masks: the step “dissect” does.")
        )
    if wanted.range("field") and not ReceptiveField.objects.filter(**done).exists():
        found.append(_("No finished run has measured these units’ fields: the step “locate” does."))
    return found


def _no_labels(source: str) -> str:
    """Say how labels of a source come about."""
    if source == Source.MACHINE:
        return _("No machine has named these units: the step “dissect” of a run does.")
    if source == Source.PUBLISHED:
        return _("No published answers about these units were imported.")
    if source == Source.SIMULATED:
        return _("No simulated workers were asked about these units.")
    return _("Nobody has named these units yet: a campaign asks people.")
