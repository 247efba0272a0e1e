"""Schemathesis asks what the schema allows, and what it forbids; every answer must keep to it."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth

from analysis.api.detection_example import DETECTION
from analysis.api.documentation import schema
from analysis.services import tokens
from config.wsgi import application
from tests.annotate import factories
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db, pytest.mark.slow]

EXAMPLES = 8
WALKS, STEPS = 40, 8
# The same questions in every run, however slow the machine is.
ALIKE = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            # A body may be well formed and still not go together: networks that do not exist,
            # folders that are not open. Cursors are ours to make, and others are not found.
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "429"]
            },
        }
    }
)


def questions():
    """Return every operation of the document with both kinds of questions.

    Where an operation takes nothing, there is nothing wrong to ask.
    """
    document = schemathesis.openapi.from_dict(schema(), config=CONFIG)
    document.app = application
    for operation in (found.ok() for found in document.get_all_operations()):
        yield pytest.param(operation, GenerationMode.POSITIVE, id=f"{operation.label} allowed")
        takes = operation.path_parameters, operation.query, operation.body
        if any(len(part) for part in takes):
            yield pytest.param(
                operation, GenerationMode.NEGATIVE, id=f"{operation.label} forbidden"
            )


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the test's connection, and its transaction, from one request to the next."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(settings, tmp_path, monkeypatch, researcher):
    """Rows to find, a folder that is open, and no broker."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.ALLOWED_FOLDERS = [tmp_path]
    for task in ("inspect_network", "import_images"):
        monkeypatch.setattr(f"analysis.tasks.{task}.delay_on_commit", lambda pk: None)
    monkeypatch.setattr("analysis.tasks.wake_run", lambda run: None)
    # Whatever bytes are made up stand for a picture, in which a worker sees what the page shows.
    monkeypatch.setattr("analysis.services.detections.taken", lambda network, file, size: None)
    monkeypatch.setattr("analysis.tasks.look_at", lambda network, image: DETECTION.value)
    run = rows.run(
        rows.network("alexnet", public=True), rows.image_set("nyuv2"), created_by=researcher
    )
    rows.label(rows.unit(run.network), run=run, details={"words": {"lamp": 3}})
    rows.top_image(run, rows.unit(run.network), 0)
    campaign = factories.open_small_campaign(units=1, slug="first", user=researcher)
    return {
        "network": "alexnet",
        "layer": "conv1",
        "channel": 0,
        "image_set": "nyuv2",
        "key": run.key,
        "slug": campaign.slug,
    }


def headers_of(who, request):
    """Return what nobody, or Bob with a token of his, sends beside a question."""
    if who == "nobody":
        return {}
    token = tokens.make(request.getfixturevalue("researcher"), "fuzzing")[1]
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("who", ["nobody", "researcher"])
@pytest.mark.parametrize(("operation", "mode"), list(questions()))
def test_every_answer_keeps_to_the_schema(operation, mode, who, world, request):
    names = [part.name for part in operation.path_parameters]
    there = {name: world[name] for name in names if name in world}
    # What is allowed is asked of things that exist, so that good answers are looked at as well.
    path = there if mode is GenerationMode.POSITIVE and len(there) == len(names) > 0 else None
    headers, answers = headers_of(who, request), set()

    @settings(
        max_examples=EXAMPLES,
        **ALIKE,
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=path))
    def ask(case):
        with transaction.atomic():
            answers.add(case.call_and_validate(headers=headers).status_code)
            transaction.set_rollback(True)

    ask()
    if who == "researcher" and path:
        assert answers & {200, 201, 409}, answers


@pytest.mark.parametrize("who", ["nobody", "researcher"])
def test_what_one_answer_names_may_be_asked_for_next(who, world, request):
    """Walks: a network that was listed, its layers, a unit, a campaign opened and then closed."""
    headers = headers_of(who, request)
    document = schemathesis.openapi.from_dict(schema(), config=CONFIG)
    document.app = application
    followed = set()

    class Walk(document.as_state_machine()):
        def setup(self):
            self.room = transaction.atomic()
            self.room.__enter__()

        def teardown(self):
            transaction.set_rollback(True)
            self.room.__exit__(None, None, None)

        def get_call_kwargs(self, case):
            return {"headers": headers}

        def validate_response(self, response, case, headers):
            # It takes our token for one that was made up; the questions above ask with such.
            case.validate_response(response, excluded_checks=[ignored_auth])

        def after_call(self, response, case):
            followed.add((case.operation.label, response.status_code))

    Walk.run(
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            **ALIKE,
        )
    )
    if who == "researcher":  # something that was listed was asked for by its name
        assert any("{" in label and status == 200 for label, status in followed), followed
