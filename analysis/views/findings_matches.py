"""The page of matches: which class each concept means, by whom, and the forms that change it."""

from typing import Any, NamedTuple, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from analysis.models import ConceptMatch, ImageSet, Network
from analysis.services import access, match_table, sharing
from analysis.services.dissection import class_names
from analysis.services.match_decisions import Act, MatchChanged, Wish, change
from analysis.services.matching import MatchRefused, match_of
from analysis.services.outdated import newest, outdated
from analysis.views.atlas import readable_network

PAGE = 50


class MatchForm(forms.Form):
    """What a row of the table sends: a concept, what it shall mean, and the version seen."""

    concept = forms.CharField(max_length=80)
    to = forms.CharField(max_length=12)  # an act, or the index of a class
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)

    def clean_to(self) -> tuple[str, int | None]:
        """Return the act, and the class that goes with it."""
        to: str = self.cleaned_data["to"]
        if to.isascii() and to.isdigit():
            return Act.CLASS, int(to)
        if to not in {Act.NONE, Act.MACHINE, Act.UNDO}:
            raise forms.ValidationError(f"“{to}” is no class and nothing else that can be done.")
        return to, None


class Refusal(NamedTuple):
    """What could not be done, beside the row that it is about."""

    concept: str
    sentence: str
    status: int = 422


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which class each concept of a network means, and let researchers change it."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    sets = match_table.sets_of(network, request.user, sharing.shared_with(request))
    asked = request.GET.get("images")
    image_set = next((one for one in sets if asked in (None, "", one.slug)), None)
    if asked and image_set is None:
        raise Http404("No such image set with masks, or it is not public.")
    refusal = None
    if request.method == "POST":
        if not request.user.is_authenticated:
            return access.ask_to_sign_in(request)
        answer = _change(request, network, image_set)
        if isinstance(answer, HttpResponse):
            return answer
        refusal = answer
    shown = _table(request, network, image_set) if image_set else {}
    context = {"network": network, "sets": sets, "image_set": image_set, "refusal": refusal}
    status = refusal.status if refusal else 200
    return render(request, "analysis/findings/matches.html", context | shown, status=status)


def _table(request: HttpRequest, network: Network, image_set: ImageSet) -> dict[str, Any]:
    """Return the rows that the address asks for, a page of them."""
    every = match_table.matches_of(network, image_set)
    how = request.GET.get("how", "")
    how = how if how in match_table.FILTERS else ""
    number = request.GET.get("page", "1")
    kept = [(match, units) for match, units in every if how in ("", match.how)]
    at = Paginator(kept, PAGE).get_page(number if number.isascii() and len(number) < 10 else 1)
    run = newest(network, image_set)
    classes = sorted(class_names(image_set), key=lambda one: one[1].casefold())
    return {
        "how": how,
        "filters": match_table.counts(every),
        "at": at,
        "rows": match_table.rows(list(at.object_list), image_set),
        "classes": classes,
        "outdated": outdated(run) if run else None,
    }


def _change(
    request: HttpRequest, network: Network, image_set: ImageSet | None
) -> HttpResponse | Refusal:
    """Do what a row's form asks for and lead back to the row, or return why it cannot be."""
    if not access.is_researcher(request.user):
        raise PermissionDenied("Only researchers decide what a concept means.")
    if image_set is None:
        raise Http404("There is no image set with masks to match with.")
    form = MatchForm(request.POST)
    if not form.is_valid():
        sentence = " ".join(f"{name}: {errors[0]}" for name, errors in form.errors.items())
        return Refusal(request.POST.get("concept", "")[:80], sentence)
    concept, (act, label) = form.cleaned_data["concept"], form.cleaned_data["to"]
    if concept not in match_table.concepts_of(network):
        return Refusal(concept, f"No unit of {network} has the name “{concept}”.")
    wish = Wish(act, label, form.cleaned_data["version"])
    try:
        match = change(
            match=match_of(image_set, concept), wish=wish, user=cast("User", request.user)
        )
    except MatchRefused as refused:
        return Refusal(concept, str(refused), 409 if isinstance(refused, MatchChanged) else 422)
    messages.success(request, _told(match))
    return redirect(f"{request.get_full_path()}#match-{match.pk}")


def _told(match: ConceptMatch) -> str:
    """Return what a match is now, in a sentence."""
    names = dict(class_names(match.image_set))
    means = "no class" if match.label is None else names.get(match.label)
    return f"{match.concept} means {means} now: {match.get_how_display()}."
