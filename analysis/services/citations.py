"""How a network's findings are cited: the fields that its makers fill in, plain text and BibTeX."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from analysis.models import Network, Run, State, UnitSemantics

# A registrant's number and a suffix without blanks (ISO 26324); no more of its form is promised.
DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[^\s\"<>]+")
BEFORE_DOI = re.compile(r"^(?:doi:\s*|https?://(?:dx\.)?doi\.org/)", re.IGNORECASE)
LONGEST = {"authors": 500, "cite_as": 2000, "doi": 200, "version": 40}
# Braces by name: BibTeX counts those with a backslash before them too.
SPECIAL = {
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "#$%&_"},
}
RUNS = 12  # keys that are named


class CitationRefused(ValueError):
    """A field cannot be stored; ``field`` is its name, the message says why and what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class Citation:
    """What a citation is put together from."""

    slug: str
    authors: list[str]
    version: str
    doi: str
    date: datetime  # of the newest result
    address: str
    runs: list[str]
    more_runs: int
    synthetic: bool
    cite_as: str

    @property
    def title(self) -> str:
        """Return what is cited: the findings on the units of the network."""
        return f"What the units of {self.slug} see"

    @property
    def doi_address(self) -> str:
        """Return the address of the DOI, for a link; nothing is ever fetched from it."""
        return doi_address(self.doi)

    @property
    def made_with(self) -> str:
        """Return the software and the runs, in words."""
        more = f" and {self.more_runs} more" if self.more_runs else ""
        runs = f", from run{'s' if len(self.runs) > 1 else ''} {', '.join(self.runs)}{more}"
        told = f"Made with Unitscope {settings.VERSION}{runs if self.runs else ''}"
        return f"{told}; trained or made on synthetic data" if self.synthetic else told

    @property
    def plain(self) -> str:
        """Return the citation as a sentence of plain text."""
        version = f", version {self.version}" if self.version else ""
        authors = f"{'; '.join(self.authors)}. " if self.authors else ""
        where = self.doi_address or self.address
        date = f"{self.date.day} {self.date:%B %Y}"
        return f"{authors}{self.title}{version}. {date}. {where}. {self.made_with}."

    @property
    def bibtex(self) -> str:
        """Return the citation as an entry of BibTeX; what TeX would run is escaped."""
        fields = {
            "author": " and ".join(_author(author) for author in self.authors),
            "title": f"{{{escaped(self.title)}}}",
            "year": str(self.date.year),
            "month": str(self.date.month),
            "version": escaped(self.version),
            "doi": escaped(self.doi),
            "url": self.address.replace("{", "%7B").replace("}", "%7D"),
            "note": escaped(self.made_with),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{unitscope-{self.slug}-{self.date.year},", *lines, "}"])


def _author(name: str) -> str:
    """Return a name as BibTeX reads one: in braces where a word in it would part it in two."""
    return f"{{{escaped(name)}}}" if " and " in f" {name.lower()} " else escaped(name)


def escaped(text: str) -> str:
    """Return text in which no character means anything to TeX but itself."""
    return "".join(SPECIAL.get(char, char) for char in text)


def doi_address(doi: str) -> str:
    """Return the address that resolves a DOI; empty without one.

    All but letters, digits and a few harmless marks is written as per cent, so that whatever
    stands in a DOI is a part of the path and nothing else.
    """
    told = (
        char if char.isascii() and (char.isalnum() or char in "-._;()/:") else _percent(char)
        for char in doi
    )
    return f"https://doi.org/{''.join(told)}" if doi else ""


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def citation(network: Network, address: str) -> Citation:
    """Return how to cite the findings of a network, read at ``address``."""
    runs = Run.objects.filter(network=network, state=State.DONE).order_by("-finished_at", "-pk")
    labels = UnitSemantics.objects.filter(unit__layer__network=network)
    newest = labels.order_by("-updated_at").values_list("updated_at", flat=True).first()
    finished = [run.finished_at for run in runs if run.finished_at]
    return Citation(
        slug=network.slug,
        authors=[name.strip() for name in network.authors.split(";") if name.strip()],
        version=network.version,
        doi=network.doi,
        date=max([*finished, *([newest] if newest else []), network.created_at]),
        address=address,
        runs=[run.short_key for run in runs[:RUNS]],
        more_runs=max(0, len(runs) - RUNS),
        synthetic=network.synthetic,
        cite_as=network.cite_as,
    )


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a citation as they are stored.

    Raises:
        CitationRefused: one is too long, has control characters, or is no DOI.
    """
    fields = {name: given.get(name, "").strip() for name in LONGEST}
    fields["cite_as"] = "\n".join(line.rstrip() for line in fields["cite_as"].splitlines())
    fields["doi"] = BEFORE_DOI.sub("", fields["doi"])
    for name, value in fields.items():
        if len(value) > LONGEST[name]:
            sentence = f"Shorten it to {LONGEST[name]} characters; it has {len(value)}."
            raise CitationRefused(name, sentence)
        on_one_line = value.replace("\n", " ") if name == "cite_as" else value
        if not on_one_line.isprintable():
            raise CitationRefused(name, "Write it on one line, without control characters.")
    if fields["doi"] and not DOI.fullmatch(fields["doi"]):
        sentence = f"“{fields['doi'][:60]}” is no DOI: it begins with 10. and has a slash, as in "
        raise CitationRefused("doi", f"{sentence}10.5281/zenodo.1234.")
    return fields


def change(*, network: Network, given: Mapping[str, str]) -> None:
    """Store how a network is to be cited.

    Raises:
        CitationRefused: see `checked`.
    """
    Network.objects.filter(pk=network.pk).update(**checked(given))
