"""The documents name what the code has: settings, links between them."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

import analysis.core

ROOT = Path(settings.BASE_DIR)
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def variables_read():
    text = "".join(path.read_text() for path in (ROOT / "config").glob("*.py"))
    own = re.findall(r'env\.(?:text|flag|whole|words|secret)\(\s*"([A-Z0-9_]+)"', text)
    return {*own, *re.findall(r'environ(?:\.(?:get|setdefault)\(|\[)"([A-Z0-9_]+)"', text)} - {
        "DJANGO_SETTINGS_MODULE"
    }


def test_every_variable_that_is_read_has_a_row():
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs/configuration.md").read_text(), re.M)
    assert len(rows) == len(set(rows))
    assert set(rows) == variables_read()


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_order_of_the_data_is_told_alike_three_times():
    """The alphabet hides it, so module docstring, import contract and docs page tell it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [layers] = [
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == ["analysis.core"]
    ]
    contract = [name for layer in reversed(layers) for name in layer.split(" | ")]
    docstring = re.findall(r"^([a-z_]+) +.* → ", analysis.core.__doc__, re.M)
    page = re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/way-of-the-data.md").read_text(), re.M)
    assert contract == docstring == page
    assert set(contract) == {path.stem for path in (ROOT / "analysis/core").glob("[a-z]*.py")}
