"""A unit's empirical field as pages show it: its map to scale in the image frame, its numbers."""

import base64
from dataclasses import dataclass
from math import ceil

from django.utils.translation import gettext as _

from analysis.core.discrepancy import STEP, Map
from analysis.core.rendering import glow
from analysis.models import Layer, ReceptiveField, Run, Unit
from analysis.services.fields import grid_of, layer_maps, unit_map

Box = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class FieldDrawing:
    """Lengths in pixels of the network's input, whose frame is width × height.

    The winning location, wherever it was in each image, is drawn in the middle of the frame.
    """

    height: int
    width: int
    theoretical: int | None  # side of the theoretical field; None: the whole image
    row: ReceptiveField | None = None
    field: Map | None = None

    @property
    def middle(self) -> tuple[float, float]:
        """The location, (x, y)."""
        return self.width / 2, self.height / 2

    @property
    def margin(self) -> int:
        """Room around the frame where the theoretical field is larger than the image."""
        return max(8, ceil(((self.theoretical or 0) - min(self.height, self.width)) / 2) + 8)

    @property
    def frame(self) -> Box:
        """The input's frame alone."""
        return 0, 0, self.width, self.height

    @property
    def whole(self) -> Box:
        """What is drawn: the frame and its margin."""
        more = 2 * self.margin
        return -self.margin, -self.margin, self.width + more, self.height + more

    @property
    def theoretical_box(self) -> Box | None:
        """The theoretical field around the location."""
        return self._square(self.theoretical, 0, 0) if self.theoretical else None

    @property
    def square(self) -> Box | None:
        """A square as large as the field's area above half of its maximum, around its centre."""
        row = self.row
        if row is None or row.size is None:
            return None
        return self._square(row.size, row.dx or 0.0, row.dy or 0.0)

    @property
    def glow(self) -> str:
        """The map as an address that holds the picture itself; empty without one."""
        if self.field is None:
            return ""
        return "data:image/png;base64," + base64.b64encode(glow(self.field)).decode()

    @property
    def glow_box(self) -> Box | None:
        """Where the map lies: every number of it is the middle of STEP × STEP pixels."""
        return None if self.field is None else self._square(STEP * len(self.field), 0, 0)

    @property
    def words(self) -> str:
        """What the drawing shows, in a sentence."""
        size = {"width": self.width, "height": self.height, "theory": self.theoretical}
        own = self.row.size if self.row is not None else None
        if own is not None and self.theoretical:
            sentence = _(
                "The image frame, %(width)s by %(height)s pixels, with an empirical field of "
                "%(own)s pixels within a theoretical field of %(theory)s pixels in its middle"
            )
        elif own is not None:
            sentence = _(
                "The image frame, %(width)s by %(height)s pixels, with an empirical field of "
                "%(own)s pixels in its middle"
            )
        elif self.theoretical:
            sentence = _(
                "The image frame, %(width)s by %(height)s pixels, with a theoretical field of "
                "%(theory)s pixels in its middle"
            )
        else:
            sentence = _("The image frame, %(width)s by %(height)s pixels")
        return sentence % {**size, "own": f"{own or 0:.0f}"}

    def _square(self, side: float, right: float, down: float) -> Box:
        x, y = self.middle
        return x + right - side / 2, y + down - side / 2, side, side


def on_image(drawing: FieldDrawing, layer: Layer, row: int, column: int) -> Box | None:
    """Return where the map lies on an image whose location (row, column) won; None without one."""
    if drawing.field is None:
        return None
    y, x = grid_of(layer, drawing.height, drawing.width).centre(row, column)
    side = float(STEP * len(drawing.field))
    return x - side / 2, y - side / 2, side, side


def drawing_of(run: Run | None, unit: Unit) -> FieldDrawing:
    """Return the drawing of one unit, with the field of a run if that looked for it.

    Else with that of the newest run that did; without any, only frames.
    """
    rows = ReceptiveField.objects.filter(unit=unit).select_related("run")
    row = rows.filter(run=run).first() or rows.order_by("-run__created_at", "-pk").first()
    if row is None or row.size is None:
        return _frame(unit.layer, row)
    return _frame(unit.layer, row, unit_map(row.run, unit))


def drawings_of(run: Run, layer: Layer, first: int, count: int) -> list[FieldDrawing]:
    """Return the drawings of some of a layer's units that have a field, in order of channel."""
    found = ReceptiveField.objects.filter(run=run, unit__layer=layer, size__isnull=False)
    rows = found.select_related("unit").order_by("unit__channel")[first : first + count]
    maps = layer_maps(run, layer) if rows else {}
    return [_frame(layer, row, maps.get(row.unit.channel)) for row in rows]


def _frame(
    layer: Layer, row: ReceptiveField | None = None, field: Map | None = None
) -> FieldDrawing:
    given = layer.network.preprocessing
    return FieldDrawing(
        height=int(given.get("height", 224)),
        width=int(given.get("width", 224)),
        theoretical=layer.field_size,
        row=row,
        field=field,
    )
