"""The two sides of a comparison: which run, or labels, of each; what they lack; whom to choose."""

from dataclasses import replace

from django.db.models import QuerySet

from analysis.models import Network, Run, Source
from analysis.services import figure_pages, findings, label_choices, meanings, object_choices
from analysis.services.atlas import SOURCES
from analysis.services.comparing import Side
from analysis.services.figures import Missing
from analysis.services.findings import Tab
from analysis.services.label_choices import Asked, Choice
from analysis.services.labelled import BY

UNTRAINED = "random:"
# What an address says of the second network, as it says it of the first.
OF_OTHER = {
    "run": "other_run",
    "source": "other_source",
    "campaign": "other_campaign",
}


def of_other(asked: Asked) -> dict[str, str]:
    """Return what an address asks of the second, in the words for a first."""
    shared = {key: value for key, value in asked.items() if key not in OF_OTHER}
    return shared | {key: asked[word] for key, word in OF_OTHER.items() if asked.get(word)}


# ---- The two sides -----------------------------------------------------------------------------
def sides_of(
    tab: Tab, network: Network, other: Network, asked: Asked
) -> tuple[Side, Side] | Missing:
    """Return both sides of a page of findings; or what one of them lacks, and how to get it."""
    sides = (_runs if tab.step else _labels)(tab, network, other, asked)
    if isinstance(sides, Missing):
        return sides
    first, second = sides
    first, second = replace(first, asked=asked), replace(second, asked=of_other(asked))
    if tab.name == "objects":
        return with_objects(tab, (first, second))
    return beside(first, second)


def beside(first: Side, second: Side) -> tuple[Side, Side]:
    """Let either side know the other."""
    return replace(first, beside=second), replace(second, beside=first)


def with_objects(tab: Tab, sides: tuple[Side, Side]) -> tuple[Side, Side] | Missing:
    """Return both sides with the objects of the same masks; or what they lack."""
    asked = sides[0].asked
    if asked.get("images") == object_choices.NO_IMAGES:
        return Missing(tab.teaches, object_choices.no_images(sides[0].network))
    found = [object_choices.objects_of(side.choice, asked) for side in sides if side.choice]
    both = [one for one in found[0].sets if one in found[1].sets]
    if not both:
        why = (
            f"There is no image set with masks that readers of both {sides[0].network} and"
            f" {sides[1].network} may see: register one, with masks/ and labels.json, and run both"
            " over it."
        )
        return Missing(tab.teaches, why)
    image_set = next((one for one in both if one.slug == asked.get("images")), both[0])
    same = {**asked, "images": image_set.slug}
    wanted = [name for name in asked.get("layers", "").split(",") if name]
    for side, one in zip(sides, found, strict=True):
        if wanted and not set(wanted) & set(one.layers):
            why = f"{side.name} has no layer {', '.join(wanted)}: it has {', '.join(one.layers)}."
            return Missing(tab.teaches, f"{why} Choose layers that both have, or all.")
    shown = [object_choices.objects_of(side.choice, same).shown for side in sides if side.choice]
    return replace(sides[0], objects=shown[0]), replace(sides[1], objects=shown[1])


def _runs(tab: Tab, network: Network, other: Network, asked: Asked) -> tuple[Side, Side] | Missing:
    run, _ = figure_pages.run_of(network, tab.step, asked)
    second = other_run(other, tab.step, run, asked.get("other_run", ""))
    lacking = [one for one, of in ((network, run), (other, second)) if of is None]
    if network == other and run is not None and second in (None, run):
        why = (
            f"Both sides are run {run.short_key} of {network}: there is no other that has finished"
            f" the step {tab.step}. Run it over other images, or with other options, or compare"
            " with another network."
        )
        if second == run:
            why = f"Both sides are run {run.short_key} of {network}: choose another one."
        return Missing(tab.teaches, why)
    if lacking or run is None or second is None:
        return Missing(tab.teaches, " ".join(_no_run(one, tab) for one in dict.fromkeys(lacking)))
    names = names_of(network, other, run.short_key, second.short_key)
    return Side(network, names[0], run=run), Side(other, names[1], run=second)


def _no_run(network: Network, tab: Tab) -> str:
    if network.published_only:
        return f"{network} is known from published answers only: it has no weights here to run."
    return (
        f"{network} has no run that has finished the step {tab.step}: ask for one with the steps"
        f" {tab.steps}."
    )


def other_run(network: Network, step: str, beside: Run | None, named: str) -> Run | None:
    """Return the run to compare with: the one named, else the newest that is most like the first.

    Most like it is one over the same images with the same options of the step.
    """
    runs = figure_pages.run_of(network, step, {})[1]
    for run in runs:
        if run.short_key == named:
            return run
    others = [run for run in runs if run != beside]
    if beside is None:
        return next(iter(others), None)
    return max(others, key=lambda run: _likeness(run, beside, step), default=None)


def _likeness(run: Run, beside: Run, step: str) -> tuple[bool, bool]:
    options = [one.recipe.get("options", {}).get(step) for one in (run, beside)]
    return run.image_set_id == beside.image_set_id, options[0] == options[1]


def _labels(
    tab: Tab, network: Network, other: Network, asked: Asked
) -> tuple[Side, Side] | Missing:
    first = label_choices.labels_chosen(network, _by_both(network, other, asked))
    lacking = [] if first else [network]
    second = _other_labels(other, first, asked)
    if second is None and other not in lacking:
        lacking.append(other)
    if first is None or second is None:
        told = [
            f"No unit of {one} has a label: ask people about them, or import published answers."
            for one in lacking
        ]
        return Missing(tab.teaches, " ".join(told))
    if network == other and whose(first) == whose(second):
        why = f"Both sides are the labels of {network} by {whose(first)}: choose others of it."
        if len(first.sources) == len(first.campaigns) == 1:
            why = f"{network} has no labels but those by {whose(first)} to compare with."
        return Missing(tab.teaches, why)
    named = of_other(asked).get("source")
    if network != other and second.wanted.source not in (first.wanted.source, named):
        return Missing(tab.teaches, _not_by(other, first, second))
    names = names_of(network, other, whose(first), whose(second))
    return Side(network, names[0], choice=first), Side(other, names[1], choice=second)


def _by_both(network: Network, other: Network, asked: Asked) -> Asked:
    """Return what is asked; where no source is named, the first that has labelled both."""
    if network == other or any(asked.get(name) for name in ("source", "campaign", "other_source")):
        return asked
    first, second = (meanings.origins(one) for one in (network, other))
    both = [source for source in SOURCES if source in first and source in second]
    return {**asked, "source": both[0]} if both else asked


def _not_by(other: Network, first: Choice, second: Choice) -> str:
    """Say that labels of two sources are set against each other only where both are named."""
    there = " and ".join(str(BY[one]) for one in second.sources)
    return (
        f"{other} has no labels {BY[Source(first.wanted.source)]}, only {there}: what differs might"
        " be who was asked, not what the units see. Choose labels that both have."
    )


def _other_labels(other: Network, first: Choice | None, asked: Asked) -> Choice | None:
    """Return the labels to compare with: those named, else of the first's source, or others."""
    words = of_other(asked)
    second = label_choices.labels_chosen(other, words)
    if first is None or second is None or words.get("source") or words.get("campaign"):
        return second
    source = first.wanted.source
    if other != first.wanted.network:
        return label_choices.labels_chosen(other, {**words, "source": source})
    if rest := [one for one in first.sources if one != source]:
        return label_choices.labels_chosen(other, {**words, "source": rest[0]})
    rest_campaigns = [one for one in first.campaigns if one != first.wanted.campaign]
    named = rest_campaigns[-1] if len(first.campaigns) > 1 else ""
    return label_choices.labels_chosen(other, {**words, "source": source, "campaign": named})


def whose(choice: Choice) -> str:
    """Return whose labels, in words."""
    wanted = choice.wanted
    return f"{wanted.source} ({wanted.campaign})" if wanted.campaign else str(wanted.source)


def names_of(network: Network, other: Network, first: str, second: str) -> tuple[str, str]:
    """Return the names of both sides: the networks, or what tells two of one network apart."""
    if network != other:
        return network.slug, other.slug
    return f"{network.slug}, {first}", f"{other.slug}, {second}"


# ---- With whom ---------------------------------------------------------------------------------
def usual_other(network: Network, readable: QuerySet[Network]) -> Network | None:
    """Return whom to compare with where nobody is named: an untrained copy, a sibling, anybody."""
    others = [one for one in readable.exclude(pk=network.pk) if has_findings(one)]
    return max(others, key=lambda one: _kinship(one, network), default=None)


def _kinship(other: Network, network: Network) -> tuple[bool, bool]:
    alike = bool(network.arch) and (other.arch, other.preprocessing) == (
        network.arch,
        network.preprocessing,
    )
    untrained = str(other.requested.get("weights", "")).startswith(UNTRAINED)
    return alike, untrained or "untrained" in other.slug


def has_findings(network: Network) -> bool:
    """Return whether there is anything of a network to compare."""
    return any(findings.shows(network, tab) for tab in findings.TABS.values())
