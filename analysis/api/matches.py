"""`matches/`: which class of an image set's masks each concept means, and deciding about it."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api import filters, match_examples
from analysis.api.bodies import Body
from analysis.api.endpoint import ListEndpoint
from analysis.api.errors import Conflict, refusals
from analysis.api.permissions import ReadersAndResearchers, readable_networks
from analysis.models import ConceptMatch, ImageSet, MatchDecision
from analysis.services import match_decisions, match_table, sharing
from analysis.services.access import is_researcher
from analysis.services.dissection import class_names
from analysis.services.match_decisions import MatchChanged, Wish
from analysis.services.matching import match_of, matches

LARGEST = 2**31 - 1


class DecisionSerializer(serializers.ModelSerializer[MatchDecision]):
    """One entry of a history."""

    user = serializers.SerializerMethodField(help_text="null unless you are a researcher")
    undoes = serializers.SerializerMethodField(help_text="number of the decision taken back")

    class Meta:
        model = MatchDecision
        fields = (
            *("number", "act", "user", "at", "before_label", "before_how"),
            *("after_label", "after_how", "undoes"),
        )
        read_only_fields = fields

    def get_user(self, decision: MatchDecision) -> str | None:
        """Return who decided, to researchers only."""
        if decision.user is None or not is_researcher(self.context["request"].user):
            return None
        return decision.user.get_username()

    def get_undoes(self, decision: MatchDecision) -> int | None:
        """Return the number of the decision that this one takes back."""
        return decision.undoes.number if decision.undoes else None


class MatchSerializer(serializers.ModelSerializer[ConceptMatch]):
    """What a concept means, and how it came to that."""

    image_set = serializers.SlugRelatedField[ImageSet](slug_field="slug", read_only=True)
    class_name = serializers.SerializerMethodField(help_text="null where it means no class")
    history = DecisionSerializer(source="decisions", many=True, read_only=True)

    class Meta:
        model = ConceptMatch
        fields = (
            *("image_set", "concept", "label", "class_name", "how", "why"),
            *("version", "changed_at", "history"),
        )
        read_only_fields = fields

    def get_class_name(self, match: ConceptMatch) -> str | None:
        """Return the name of the class."""
        names = cast("dict[str, Any]", self.context).setdefault("names", {})
        known: dict[int, str] = names.setdefault(match.image_set_id, {})
        if not known:  # read once for a whole page of matches
            known.update(class_names(match.image_set))
        return None if match.label is None else known.get(match.label, f"class {match.label}")


class MatchBody(Body):
    """A decision: a class, no class, the machine's own word, or the last decision undone."""

    image_set = serializers.SlugRelatedField(
        slug_field="slug", queryset=match_table.with_masks(), help_text="one with masks"
    )
    concept = serializers.CharField(max_length=80)
    act = serializers.ChoiceField(choices=MatchDecision.Act.choices)
    label = serializers.IntegerField(  # type: ignore[assignment]
        required=False,
        min_value=0,
        max_value=LARGEST,
        help_text="index of the class in the masks: with the act `class`, and no other",
    )
    version = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST,
        help_text="the version that you decided on: refused (409) where it is another by now",
    )


class MatchFilters(filters.ApiFilterSet):
    """Filters of `matches/`."""

    images = filters.text("slug of an image set with masks", required=True)
    network = filters.text("slug of a network: the names of its units, each matched if need be")
    how = filters.choice("how", ConceptMatch.How, "who or what found it; `none`: no class")

    def filter_queryset(self, queryset: QuerySet[ConceptMatch]) -> QuerySet[ConceptMatch]:
        """Keep the matches of a set, of those the concepts of a network, of those some."""
        user, given = self.request.user, self.form.cleaned_data
        shared = sharing.shared_with(self.request._request)
        image_set = match_table.image_sets(user, shared).filter(slug=given["images"]).first()
        if image_set is None:
            sentence = f"There is no image set {given['images']!r} with masks that you may see."
            raise NotFound(sentence)
        kept = match_table.readable(image_set, user, shared)
        if slug := given["network"]:
            kept = kept.filter(concept__in=self._concepts(slug, image_set))
        return kept.filter(how=given["how"]) if given["how"] else kept

    def _concepts(self, slug: str, image_set: ImageSet) -> Mapping[str, ConceptMatch]:
        """Return the concepts of a network, every one of which has a match by then."""
        network = readable_networks(self.request).filter(slug=slug).first()
        if network is None:
            raise NotFound(f"There is no network called {slug!r} that you may see.")
        return matches(image_set, match_table.concepts_of(network))


class Matches(ListEndpoint):
    """`matches/`."""

    permission_classes = [ReadersAndResearchers]
    serializer_class = MatchSerializer
    filterset_class = MatchFilters
    orderings = ("concept", "-concept", "changed_at", "-changed_at")

    def get_queryset(self) -> QuerySet[ConceptMatch]:
        """Return nothing yet: the filters begin with what the caller may read."""
        return ConceptMatch.objects.none()

    @extend_schema(
        operation_id="matches_list",
        summary="List which class each concept means",
        description=(
            "Of the concepts that were matched with the masks of an image set. With `network` of"
            " all names of its units, and those not asked for before are matched now."
        ),
        examples=[match_examples.MATCH],
    )
    def get(self, request: Request) -> Response:
        """List matches."""
        return self.list(request)

    @extend_schema(
        operation_id="matches_decide",
        summary="Decide what a concept means",
        description=(
            "What a person says is never changed by a machine. Each decision is an entry of the"
            " history; one that says what stands already is none. `undo` takes back the newest"
            " decision that was not undone, as a new entry: give `version` with it, so that a call"
            " that is sent twice undoes once."
        ),
        request=MatchBody,
        responses={
            200: OpenApiResponse(MatchSerializer, "The match as it stands now."),
            409: OpenApiResponse(description="It has another version by now."),
        },
        examples=[match_examples.MATCH, match_examples.MATCH_BODY],
    )
    def post(self, request: Request) -> Response:
        """Decide."""
        body = MatchBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = cast("dict[str, Any]", body.validated_data)
        wish = Wish(asked["act"], asked.get("label"), asked.get("version"))
        with refusals():
            match = match_of(asked["image_set"], asked["concept"])
            try:
                match_decisions.change(match=match, wish=wish, user=self.user)
            except MatchChanged as changed:
                raise Conflict(str(changed)) from changed
        shown = match_table.readable(match.image_set, request.user).get(pk=match.pk)
        return Response(self.get_serializer(shown).data)
