"""A network with labels and pictures, small enough to make a report of it in a second."""

import io
from datetime import UTC, datetime
from html.parser import HTMLParser

from PIL import Image as Pillow

from analysis.models import Category, Run, Segment, Unit
from analysis.services import files, semantics
from analysis.services.pictures import picture_file
from analysis.services.recipes import Recipe
from analysis.services.semantics import UnitLabel
from tests.annotate import factories

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
SPITEFUL = "=bed <script>alert(1)</script>"


def a_known_network(slug="demo", source="people", **network):
    """Return the run of a network of two layers with three units each, all named."""
    made = factories.NetworkFactory(slug=slug, **network)
    run = factories.a_finished_run(units=3, layers=2, network=made)
    recipe = Recipe(
        network=made.fingerprint,
        network_slug=slug,
        image_set=run.image_set.fingerprint,
        image_set_slug=run.image_set.slug,
        layers=("conv1", "conv2"),
        modules=("features.0", "features.1"),
        top=60,
        steps=("scan", "segment"),
        precision="float32",
        shard=512,
        seed=17,
    )
    Run.objects.filter(pk=run.pk).update(recipe=recipe.to_json())
    name_units(run, source)
    return Run.objects.get(pk=run.pk)


def name_units(run, source):
    """Name every unit by three answers of three workers."""
    groups = list(Category.values)
    for unit in Unit.objects.filter(layer__network=run.network):
        words = [
            {
                "worker": f"quiet-heron-{place}",
                "concept": "bed",
                "category": groups[(unit.channel + place % 2) % 6],
                "precision": 0.7 + 0.1 * place,
                "same_concept_as": 0,
            }
            for place in range(3)
        ]
        label = UnitLabel(
            SPITEFUL if unit.channel == 0 else "bed",
            groups[unit.channel],
            precision=0.8,
            precision_low=0.7,
            precision_high=0.9,
            answers=3,
            agreement=2 / 3,
            images_shown=60,
            images_kept=48,
            details={"method": "majority", "version": 3, "weighted": False, "words": words},
        )
        semantics.record(unit=unit, source=source, origin="rooms", run=run, label=label)


def give_pictures(run):
    """Store the segmented pictures of the strongest images of every unit."""
    out = io.BytesIO()
    Pillow.new("RGB", (112, 112), "teal").save(out, "WEBP")
    strongest = Segment.objects.filter(
        top_image__run=run, top_image__end="top", top_image__rank__lt=4
    )
    for segment in strongest:
        files.write(picture_file(segment.token, "segmented", "tile"), out.getvalue())


class Page(HTMLParser):
    """What a page of HTML is made of: tags with their attributes, names, words, open tags."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open, self.wrong = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.words.append(data)

    def all(self, name):
        """Return the values of an attribute, of whatever tag."""
        return [attrs[name] for _, attrs in self.tags if attrs.get(name)]

    @property
    def text(self):
        """Return the words, blanks made one."""
        return " ".join(" ".join(self.words).split())
