"""`runs/`: recipes launched, watched, cancelled and resumed by researchers."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import tasks
from analysis.api import examples, filters
from analysis.api.endpoint import Endpoint, ListEndpoint
from analysis.api.errors import Conflict, refusals
from analysis.api.run_bodies import FullRunSerializer, RunBody, RunSerializer
from analysis.models import OPEN, Run, State
from analysis.services import runs
from analysis.services.access import insist_may_change


class RunFilters(filters.ApiFilterSet):
    """Filters of `runs/`."""

    network = filters.network("network")
    image_set = filters.text("slug of an image set", field_name="image_set__slug")
    state = filters.state()


def all_runs() -> QuerySet[Run]:
    """Return the runs with all that their serializer shows."""
    return Run.objects.with_parents().prefetch_related("layers")


def run_or_404(key: str) -> Run:
    """Return the run whose key begins so; two of them are no answer."""
    found = list(all_runs().filter(key__startswith=key)[:2])
    if len(found) != 1:
        raise NotFound(f"There is no run {key}." if not found else f"Two runs begin with {key}.")
    return found[0]


class Runs(ListEndpoint):
    """`runs/`."""

    serializer_class = RunSerializer
    filterset_class = RunFilters
    orderings = ("-created_at", "created_at")

    def get_queryset(self) -> QuerySet[Run]:
        """Return all runs: a lab has no secrets from itself."""
        return all_runs()

    @extend_schema(
        operation_id="runs_list", summary="List runs, newest first", examples=[examples.RUN]
    )
    def get(self, request: Request) -> Response:
        """List runs."""
        return self.list(request)

    @extend_schema(
        operation_id="runs_launch",
        summary="Launch a run",
        description=(
            "A run is its recipe: asking for one that exists returns it as it stands (200). "
            "A new one (201) waits for a worker."
        ),
        request=RunBody,
        responses={
            201: OpenApiResponse(FullRunSerializer, "The run is made, and waits for a worker."),
            200: OpenApiResponse(FullRunSerializer, "This run exists: here it is."),
        },
        examples=[examples.FULL_RUN, examples.RUN_BODY],
    )
    def post(self, request: Request) -> Response:
        """Launch a run."""
        body = RunBody(data=request.data)
        body.is_valid(raise_exception=True)
        with refusals():
            run, made = runs.request_run(user=self.user, **body.validated_data)
        if made:
            tasks.wake_run(run)
        data = FullRunSerializer(run_or_404(run.key), context=self.get_serializer_context()).data
        return Response(data, status.HTTP_201_CREATED if made else status.HTTP_200_OK)


class OneRun(Endpoint):
    """`runs/{key}/`."""

    serializer_class = FullRunSerializer

    @extend_schema(
        operation_id="runs_read",
        summary="Read one run and its progress",
        description="By its key, or the first twelve digits of it or more.",
        examples=[examples.FULL_RUN],
    )
    def get(self, request: Request, key: str) -> Response:
        """Return one run."""
        return Response(self.get_serializer(run_or_404(key)).data)


class CancelRun(Endpoint):
    """`runs/{key}/cancel/`."""

    serializer_class = FullRunSerializer

    @extend_schema(
        operation_id="runs_cancel",
        summary="Cancel a run",
        description="What is finished is kept. A run that is cancelled already stays so.",
        request=None,
        responses={200: FullRunSerializer, 409: OpenApiResponse(description="It has ended.")},
        examples=[examples.FULL_RUN],
    )
    def post(self, request: Request, key: str) -> Response:
        """Cancel a run."""
        run = run_or_404(key)
        insist_may_change(request.user, run)
        if not runs.cancel(run) and run_or_404(key).state != State.CANCELLED:
            raise Conflict(f"The run is {run.state}: there is nothing to cancel.")
        return Response(self.get_serializer(run_or_404(key)).data)


class ResumeRun(Endpoint):
    """`runs/{key}/resume/`."""

    serializer_class = FullRunSerializer

    @extend_schema(
        operation_id="runs_resume",
        summary="Resume a run",
        description=(
            "A cancelled or failed run goes on from its last finished shard. "
            "A run that is waiting or running already stays so."
        ),
        request=None,
        responses={200: FullRunSerializer, 409: OpenApiResponse(description="It is done.")},
        examples=[examples.FULL_RUN],
    )
    def post(self, request: Request, key: str) -> Response:
        """Resume a run."""
        run = run_or_404(key)
        insist_may_change(request.user, run)
        runs.resume(run)
        if run.state not in OPEN:
            raise Conflict(f"The run is {run.state}: there is nothing to resume.")
        tasks.wake_run(run)
        return Response(self.get_serializer(run_or_404(key)).data)
