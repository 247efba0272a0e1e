"""The German catalogue is whole: every sentence marked in templates, code and scripts is in it."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import templatize

from annotate.views import words

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "locale/de/LC_MESSAGES/django.po"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CODE = sorted(
    path
    for room in ("analysis", "annotate", "config", "demonstration")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts
)
# Rooms that speak English only so far: config.languages.ENGLISH serves them in it.
ENGLISH_ONLY = (
    "admin/", "analysis/api_docs", "analysis/citing", "analysis/concept", "analysis/scene",
    "annotate/shared_links",
    "analysis/findings/", "analysis/image_set", "analysis/network",
    "analysis/run", "analysis/try", "annotate/agreement", "annotate/answers", "annotate/campaign",
    "annotate/concept", "annotate/forecast", "annotate/live", "annotate/review/",
    "annotate/teaching/", "annotate/workers/",
    "partials/figure", "report/",
)  # fmt: skip
# What is the same in every language: names, keys, formats.
SAME = {
    "Unitscope",
    "CSV",
    "BibTeX",
    "DOI",
    "JSON",
    "API",
    "s",
    "Z",
    "Authorization: Bearer",
    "px",
    "IoU",
    "F1",
    "AP",
    "/s",
}
MARKS = {"gettext", "_", "gettext_lazy", "gettext_noop", "Sentence"}
PLURALS = {"ngettext", "ngettext_lazy"}
CONTEXTS = {"pgettext", "pgettext_lazy"}


def entries(text):
    """Return the entries of a PO file as dictionaries: msgctxt, msgid, msgid_plural, msgstr…"""
    found = []
    for block in text.split("\n\n"):
        entry, key = {}, ""
        for line in block.splitlines():
            if told := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                key = told[1]
                entry[key] = ast.literal_eval(told[2])
            elif line.startswith('"'):
                entry[key] += ast.literal_eval(line)
        if entry.get("msgid"):
            found.append(entry)
    return found


ENTRIES = entries(PO.read_text())


def key_of(entry):
    """Return context and sentence."""
    return entry.get("msgctxt", ""), entry["msgid"]


def strings(entry):
    """Return the German of an entry, singular and plural."""
    return [value for key, value in entry.items() if key.startswith("msgstr")]


def marked_in_code(source):
    """Give context and sentence of every literal that is marked for translation."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        told = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        told = [text for text in told if isinstance(text, str)]
        if name in MARKS | PLURALS and told:
            yield "", told[0]
        elif name in CONTEXTS and len(told) > 1:
            yield told[0], told[1]


def marked_in_template(source):
    """Give the same of a template, by way of what Django makes of it for xgettext."""
    literal = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
    calls = rf"\b(?:gettext|ngettext|pgettext|npgettext|_)\((?:{literal}[, ]*)+"
    for found in re.finditer(calls, templatize(source)):
        yield from marked_in_code(found[0].rstrip(", ") + ")")


def test_the_compiled_catalogue_says_what_the_source_says():
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    keys = set()
    for entry in ENTRIES:
        context, text = key_of(entry)
        name = f"{context}\x04{text}" if context else text
        for number, german in enumerate(strings(entry)):
            key = (name, number) if "msgid_plural" in entry else name
            assert compiled._catalog[key] == german
            keys.add(key)
    assert set(compiled._catalog) - {""} == keys, "run: python manage.py compilemessages"


@pytest.mark.parametrize("what", ["code", "templates"])
def test_every_marked_sentence_is_translated(what):
    known = {key_of(entry) for entry in ENTRIES if all(strings(entry))}
    read = marked_in_code if what == "code" else marked_in_template
    lacking = {
        (str(path.relative_to(ROOT)), *key)
        for path in (CODE if what == "code" else TEMPLATES)
        for key in read(path.read_text())
        if key not in known and (key[0], key[1].replace("%%", "%")) not in known
    }
    assert not lacking, f"run: python manage.py makemessages -l de; translate: {sorted(lacking)}"


def test_nothing_in_the_catalogue_is_unused():
    used = {key for path in CODE for key in marked_in_code(path.read_text())}
    used |= {key for path in TEMPLATES for key in marked_in_template(path.read_text())}
    assert {key_of(entry) for entry in ENTRIES} <= used


def test_translations_keep_places_and_tags():
    places = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")
    for entry in ENTRIES:
        wanted = sorted(places.findall(entry.get("msgid_plural", entry["msgid"])))
        for german in strings(entry):
            assert sorted(places.findall(german)) == wanted, entry
            assert "!" not in german.replace("<!", ""), entry
            assert german == german.strip() or entry["msgid"] != entry["msgid"].strip(), entry


def test_scripts_say_the_sentences_that_the_page_brings():
    source = "".join(path.read_text() for path in (ROOT / "static/js/label").glob("*.js"))
    said = set(re.findall(r'\bwords\("([^"]+)"', source))
    said |= set(re.findall(r'(?<![.\w])say\("([^"]+)"(?:\)|, \{)', source))
    assert said == set(words.SENTENCES)


def bare_texts(source):
    """Return the words of a template that stand there untranslated, in text and attributes."""
    source = re.sub(r"\{#.*?#\}", "", source)
    names = r"\{% block (?:main_class|draft_name) %\}.*?\{% endblock %\}"  # of styles and keys
    source = re.sub(names, "", source)
    # Whatever is an argument of a tag is no text of the page.
    block = r"\{%-?\s*blocktranslate.*?endblocktranslate\s*%\}"
    source = re.sub(rf"{block}|\{{%.*?%\}}|\{{\{{.*?\}}\}}", "\n", source, flags=re.DOTALL)
    spoken = r'\b(?:aria-label|alt|title|placeholder|data-of)="([^"]*)"'
    texts = re.findall(spoken, source)
    texts += re.split(r"<[^>]*>", re.sub(r"<(kbd|title)>[^<]*</\1>", "\n", source))
    pieces = [piece.strip(" ·:,.;…–“”()[]") for text in texts for piece in text.split("\n")]
    return [piece for piece in pieces if re.search(r"[A-Za-z]", piece) and piece not in SAME]


def test_a_translated_room_has_no_bare_text():
    names = {path.relative_to(ROOT / "templates").as_posix(): path for path in TEMPLATES}
    bare = {
        name: bare_texts(path.read_text())
        for name, path in names.items()
        if not name.startswith(ENGLISH_ONLY)
    }
    assert not {name: texts for name, texts in bare.items() if texts}


def test_bare_text_is_found():
    page = '<p>{% translate "Good" %}</p><p title="Bad">{{ worse }} Worst</p>{# fine #}'
    assert bare_texts(page) == ["Bad", "Worst"]
