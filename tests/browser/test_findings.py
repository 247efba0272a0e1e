"""Findings in a real Chromium: drawn under the policy, light and dark, on a phone, saved."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import altair
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from analysis.models import ClassScore, Job, Network, ReceptiveField, Segment, State, Unit
from analysis.services import preferring
from analysis.services.fields import write_maps
from analysis.services.figures import Figure
from tests.annotate import factories
from tests.api import rows
from tests.browser.conftest import accessible, draw_pictures, draw_steps, forgive
from tests.pages.every_figure import a_run_with_everything
from tests.pages.minimal_rows import a_simplified_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(live_server):
    """A run over three layers of a public network, half of the pictures by the own field."""
    made = factories.a_finished_run(units=2, layers=3)
    Network.objects.update(public=True)
    Segment.objects.filter(top_image__rank__lt=30).update(field="own", visible=0.1)
    return made


def opened(browser_page, run, tab="segments", **screen):
    page = browser_page(**screen)
    page.goto(f"/findings/{run.network.slug}/{tab}/")
    expect(page.locator("[data-figure][data-drawn]").first).to_be_visible()
    return page


@pytest.mark.parametrize("dark", [False, True])
def test_a_figure_is_drawn_in_the_colours_of_the_page_and_passes_axe(browser_page, run, dark):
    page = opened(browser_page, run, dark=dark)
    assert page.locator(".drawing svg").count() == 1
    ground = page.locator(".drawing svg").evaluate("it => getComputedStyle(it).backgroundColor")
    assert ground == page.locator(".finding").evaluate("it => getComputedStyle(it).backgroundColor")
    assert page.locator(".drawing svg .mark-symbol path").count() >= 6
    accessible(page)


@pytest.fixture
def fields(run, settings, tmp_path):
    """Fields of every unit but one of each layer."""
    settings.MEDIA_ROOT = tmp_path / "media"
    Job.objects.create(run=run, step="locate", position=2, queue="gpu", state=State.DONE)
    for layer in run.network.layers.all():
        first, last = layer.units.all()
        ReceptiveField.objects.create(run=run, unit=first, size=70.0, dy=1, dx=2, anisotropy=1.1)
        ReceptiveField.objects.create(run=run, unit=last, problem="It never fires.")
        write_maps(run, layer, {0: np.eye(9)})
    draw_pictures()
    return run


@pytest.mark.parametrize(
    "screen", [{}, {"dark": True}, {"width": 360, "height": 740, "touch": True}]
)
def test_fields_and_the_page_of_a_unit_are_accessible_and_whole(browser_page, fields, screen):
    page = opened(browser_page, fields, "fields", **screen)
    for _ in range(2):
        accessible(page)
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) <= 0
        page.goto(f"/atlas/{fields.network.slug}/conv1/0/")
        expect(page.locator(".field-figure image")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_both_masks_side_by_side_are_accessible(browser_page, run, dark):
    Segment.objects.filter(field="own").update(disc_visible=0.3)
    draw_pictures()
    page = opened(browser_page, run, dark=dark)
    expect(page.locator(".pair img").first).to_be_visible()
    accessible(page)
    page.locator(".pair-grid a").first.click()
    expect(page.get_by_role("link", name="Both masks")).to_have_attribute("aria-current", "true")
    expect(page.locator(".pair")).to_have_count(30)
    accessible(page)
    page.get_by_role("link", name="Whole images").click()
    expect(page.locator(".wall .tile")).to_have_count(60)


@pytest.mark.parametrize(
    "screen", [{}, {"dark": True}, {"width": 360, "height": 740, "touch": True}]
)
def test_minimal_images_open_step_by_step_by_keyboard(browser_page, live_server, screen):
    made = a_simplified_run(kitchens=14)
    draw_steps()
    page = opened(browser_page, made, "minimal", **screen)
    accessible(page)
    first = page.locator(".strip").first
    expect(first.locator(".steps img").first).to_be_hidden()
    first.locator("summary").press("Enter")
    expect(first.locator(".steps img")).to_have_count(3)
    expect(first.get_by_alt_text("After removal 1: without <wall>")).to_be_visible()
    last = first.locator(".steps img").last
    last.scroll_into_view_if_needed()
    expect(last).to_have_js_property("complete", True)
    assert last.evaluate("it => it.naturalWidth") == 224
    accessible(page)
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".strip")).to_have_count(2)
    page.get_by_role("link", name="office", exact=True).first.click()
    expect(page.get_by_text("None of the 4 images of this scene")).to_be_visible()
    accessible(page)


def test_switching_the_theme_draws_it_again(browser_page, run):
    page = opened(browser_page, run)
    assert page.locator("[data-drawn=light]").count() == 1
    page.locator(".theme-switch").click()
    expect(page.locator("[data-drawn=dark]")).to_have_count(1)
    assert page.locator(".drawing svg").count() == 1


def test_on_a_phone_nothing_is_wider_than_the_screen(browser_page, run):
    page = opened(browser_page, run, width=360, height=740, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    accessible(page)


WHOLE = """svg => [...svg.querySelectorAll("text")].filter(one => {
  const [at, all] = [one.getBoundingClientRect(), svg.getBoundingClientRect()];
  return getComputedStyle(one).opacity !== "0"
    && (one.textContent.includes("…") || at.left < all.left - 1 || at.right > all.right + 1
      || at.top < all.top - 1 || at.bottom > all.bottom + 1);
}).map(one => one.textContent)"""


@pytest.mark.parametrize(
    "name",  # and a line of it
    [
        ("a-network-with-a-long-name", "a-network-with-a-"),
        ("anetworkwithonemuchlongernamethanthat", "hlongernamethanthat"),
        ("anetworkwithonelongname", "anetworkwithonelon"),
        ("anetworkwithonename", "anetworkwithonename"),
    ],
)
def test_on_a_phone_no_name_beside_a_figure_is_cut(
    browser_page, live_server, settings, tmp_path, name
):
    settings.MEDIA_ROOT = tmp_path / "media"
    slug, line = name
    made = factories.a_finished_run(units=2, layers=3)
    Network.objects.update(public=True, slug=slug)
    for unit in Unit.objects.filter(layer__network=made.network):
        rows.label(unit, "bed", source="machine", precision=None)
    draw_pictures()
    page = browser_page(width=360, height=740, touch=True)
    page.goto("/atlas/concepts/bed/")
    drawn = page.locator("[data-figure][data-drawn] svg")
    expect(drawn).to_have_count(1)
    assert line in [text.strip() for text in drawn.locator("tspan, text").all_text_contents()]
    assert drawn.evaluate(WHOLE) == []


def test_on_a_phone_no_title_of_a_figure_is_cut(browser_page, live_server):
    a_run_with_everything()
    page = browser_page(width=360, height=740, touch=True)
    forgive(page, "404")  # its pictures have no files
    for tab in ("objects", "minimal", "people"):
        page.goto(f"/findings/net/{tab}/")
        expect(page.locator("[data-figure]:not([data-drawn])")).to_have_count(0)
        for one in page.locator("[data-figure] svg").all():
            assert one.evaluate(WHOLE) == [], tab


def test_the_images_of_a_unit_fill_their_rows(browser_page, run):
    draw_pictures()
    for width in (360, 480, 768, 1024, 1366, 1920):
        page = browser_page(width=width, height=768)
        page.goto(f"/atlas/{run.network.slug}/conv1/0/")
        columns = page.locator(".unit .wall").evaluate(
            "it => getComputedStyle(it).gridTemplateColumns.split(' ').length"
        )
        assert 60 % columns == 0, width
        page.context.close()


def test_a_figure_is_saved_in_five_forms_that_are_whole(browser_page, run, tmp_path):
    page = opened(browser_page, run)
    saved = {}
    for form, words in Figure.FORMS.items():
        with page.expect_download() as download:
            page.get_by_role("link", name=f"{words} of “How much").click()
        assert download.value.suggested_filename.endswith(f"-segments-visible.{form}")
        download.value.save_as(tmp_path / form)
        saved[form] = (tmp_path / form).read_bytes()
    svg = ElementTree.fromstring(saved["svg"])
    assert "intervals and points" in svg.find("{http://www.w3.org/2000/svg}desc").text
    assert Image.open(io.BytesIO(saved["png"])).size[0] > 1600
    assert saved["pdf"].startswith(b"%PDF-")
    altair.Chart.from_dict(json.loads(saved["json"]), validate=True)
    rows = list(csv.DictReader(io.StringIO(saved["csv"].decode())))
    shown = page.locator(".finding table tbody tr").all()
    assert len(rows) == len(shown) == 6
    for row, line in zip(rows, shown, strict=True):
        cells = line.locator("th, td").all_inner_texts()
        assert (row["layer"], row["stamped"], row["images"]) == (*cells[:2], cells[3])
        assert f"{float(row['visible']):.3f}" == cells[4]


def test_marks_name_their_units_and_lead_to_them_and_to_nowhere_else(browser_page, live_server):
    a_run_with_everything()
    page = browser_page()
    forgive(page, "404")  # of its pictures no file is made
    page.goto("/findings/net/detectors/")
    drawing = page.locator('[data-figure="detectors"][data-drawn] .drawing')
    refused = page.evaluate(
        """async () => {
          const script = document.querySelector('script[src*="figure.js"]').src;
          const { samePlace } = await import(script);
          return ["javascript:alert(1)", "//evil.example/", "https://evil.example/", "/\\\\evil"]
            .map((address) => { try { return samePlace(address).href } catch { return "no" } });
        }"""
    )
    assert refused == ["no"] * 4
    bar, corner = drawing.locator(".mark-rect path").first, {"x": 12, "y": 12}
    bar.hover(position=corner)
    expect(drawing).to_have_attribute("title", re.compile("units, best first: 2, 1"))
    bar.click(position=corner)
    expect(page).to_have_url(re.compile("/atlas/net/conv1/$"))


def test_without_scripts_the_table_has_the_numbers(browser_page, run):
    page = browser_page(java_script_enabled=False)
    page.goto(f"/findings/{run.network.slug}/segments/")
    expect(page.get_by_text("Scripts are off, so nothing is drawn")).to_be_visible()
    expect(page.locator("table tbody tr")).to_have_count(6)


@pytest.mark.parametrize(
    "screen", [{}, {"dark": True}, {"width": 360, "height": 740, "touch": True}]
)
def test_meanings_are_drawn_accessible_and_chosen_by_a_form(browser_page, run, screen):
    Segment.objects.all().delete()  # of the units that stand for a group nothing is drawn here
    words = [
        {"concept": "bed", "category": category, "precision": 0.9, "same_concept_as": 0}
        for category in ("object", "part")
    ]
    for layer in run.network.layers.all():
        for unit in layer.units.all():
            rows.label(unit, "bed", details={"words": words})
    page = opened(browser_page, run, "meanings", **screen)
    expect(page.locator("[data-figure][data-drawn]")).to_have_count(5)
    accessible(page)
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
    page.get_by_label("with a precision above").fill("0.95")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No answer has a precision above 0.95").first).to_be_visible()
    accessible(page)


def test_without_scripts_minimal_images_are_chosen_and_opened(browser_page, live_server):
    made = a_simplified_run()
    draw_steps()
    page = browser_page(java_script_enabled=False)
    page.goto(f"/findings/{made.network.slug}/minimal/")
    page.get_by_role("link", name="By automatic regions").click()
    expect(page.locator(".strip")).to_have_count(1)
    page.locator(".strip summary").click()
    expect(page.locator(".steps li.minimal")).to_be_visible()


@pytest.fixture
def preferred(run, settings, tmp_path):
    """What three layers prefer, and units that people and masks name; no image is there."""
    settings.MEDIA_ROOT = tmp_path / "media"
    for position, step in enumerate(("prefer", "dissect"), start=2):
        Job.objects.create(run=run, step=step, position=position, queue="gpu", state=State.DONE)
    layers = [layer.name for layer in run.network.layers.order_by("position")]
    liked = [preferring.Liked(n, 9.0 - n, f"scene {n % 3}", "") for n in range(8)]
    scenes = {f"scene {n}": 20 for n in range(3)}
    found = preferring.Found(60, scenes, {}, dict.fromkeys(layers, liked))
    preferring.write_found(run, found)
    scores = {"cap": 0.5, "chance": 0, "f1": 0, "precision": 0.3, "average_precision": 0}
    for unit in Unit.objects.all():
        rows.label(unit, ("lamp", "bed")[unit.channel])
        ClassScore.objects.create(
            run=run, unit=unit, rank=0, label=1, name="bed", iou=0.2, correlation=0, **scores
        )
    draw_pictures()
    return run


@pytest.mark.parametrize("screen", [{}, {"dark": True, "width": 360, "height": 740, "touch": True}])
def test_preferences_and_people_and_machine_are_accessible_and_whole(
    browser_page, preferred, screen
):
    type(preferred.image_set).objects.update(labels={"classes": [{"index": 1, "name": "bed"}]})
    for tab in ("preferences", "people"):
        page = opened(browser_page, preferred, tab, **screen)
        forgive(page, "404")  # its images lie nowhere
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        accessible(page)
