"""Guidelines: Markdown becomes HTML that can do no harm."""

import re

import pytest

from annotate.services.guidelines import as_html


def test_markdown_becomes_html_below_the_headings_of_the_page():
    html = as_html("# One\n\n*word* and `code`\n\n| a |\n|---|\n| b |")
    assert "<h3>One</h3>" in html
    assert "<em>word</em>" in html
    assert "<table>" in html


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHN2Zz4=)",
        "<iframe src=https://example.org></iframe>",
        '<a href="https://example.org" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        '<form action="https://example.org"><input name=password></form>',
        "![x](https://example.org/pixel.png)",
    ],
)
def test_nothing_that_acts_or_watches_comes_through(evil):
    html = as_html(evil)
    tags = re.findall(r"<[a-z][^>]*>", html)
    assert not [tag for tag in tags if re.search(r"^<(script|img|iframe|style|form|input)", tag)]
    assert not [tag for tag in tags if re.search(r"\son\w+=|javascript:|data:", tag)]


def test_links_open_apart_and_tell_the_other_site_nothing():
    html = as_html("[x](https://example.org)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_no_guidelines_are_no_html():
    assert as_html("") == ""
