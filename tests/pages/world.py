"""One small world with something of every kind, and the six people who ask for its pages."""

import copy
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from analysis.models import Network, Run
from analysis.services import tokens
from analysis.services.recipes import Recipe
from annotate.models import Assignment, Campaign
from annotate.services.assignments import claim
from annotate.services.practice import begin
from annotate.services.workers import new_link_worker, worker_for
from annotate.views import door
from tests.annotate import factories
from tests.annotate.lessons import a_lesson

PEOPLE = ("nobody", "link worker", "worker", "researcher", "other researcher", "admin")


@dataclass
class World:
    """Bob's network, run and campaign; Alice holds a unit of it, and practises."""

    people: dict[str, Client]
    network: Network
    run: Run
    campaign: Campaign
    held: Assignment
    words: dict[str, Any]

    def ask(self, person: str, method: str, address: str, data: Any = None) -> str:
        """Return the status, "in" where somebody is sent to sign in; nothing is changed by it."""
        client = copy.deepcopy(self.people[person])  # signing out empties its cookies
        way, more = getattr(client, method), {}
        if address.startswith("/api/") and method != "get":
            more["content_type"] = "application/json"
        with transaction.atomic():
            response = way(address.format(**self.words), data or {}, **more)
            transaction.set_rollback(True)
        if response.get("Location", "").startswith("/sign-in/"):
            return "in"
        return str(response.status_code)


def build() -> World:
    """Make the world; everything of it is Bob's."""
    group, _ = Group.objects.get_or_create(name="researcher")
    users = {name: User.objects.create(username=name) for name in ("alice", "bob", "charlie")}
    users["dora"] = User.objects.create(username="dora", is_staff=True, is_superuser=True)
    for name in ("bob", "charlie"):
        users[name].groups.add(group)
    run = factories.a_finished_run(units=4, created_by=users["bob"])
    Run.objects.filter(pk=run.pk).update(recipe=_recipe(run).to_json())
    Network.objects.filter(pk=run.network_id).update(created_by=users["bob"])
    type(run.image_set).objects.update(created_by=users["bob"])
    campaign = factories.open_small_campaign(run=run, slug="rooms", user=users["bob"])
    held = claim(worker_for(users["alice"]), campaign, timezone.now())
    assert held is not None
    for kind in ("tutorial", "practice"):
        lesson = a_lesson(campaign, kind)
    practice = begin(worker_for(users["alice"]), campaign, timezone.now())
    people = {"nobody": Client(), "link worker": _by_link(campaign)}
    for person, name in zip(PEOPLE[2:], ("alice", "bob", "charlie", "dora"), strict=True):
        people[person] = Client()
        people[person].force_login(users[name])
    token, _ = tokens.make(users["alice"], "notebook")
    words = {
        "network": run.network.slug,
        "images": run.image_set.slug,
        "run": run.short_key,
        "campaign": campaign.slug,
        "held": held.pk,
        "worker": held.worker.pseudonym,
        "task": held.task_id,
        "lesson": lesson.pk,
        "practice": practice.answers.get().pk,
        "token": token.pk,
        "link": campaign.link_token,
    }
    return World(people, run.network, run, campaign, held, words)


def _recipe(run: Run) -> Recipe:
    """Return a recipe that the run's page can read."""
    return Recipe(
        network=run.network.fingerprint,
        network_slug=run.network.slug,
        image_set=run.image_set.fingerprint,
        image_set_slug=run.image_set.slug,
        layers=("conv1",),
        modules=("features.0",),
        top=60,
        steps=("scan", "segment"),
        precision="float32",
        shard=512,
    )


def _by_link(campaign: Campaign) -> Client:
    """Return somebody who came by the campaign's link and holds its cookie."""
    client, answer = Client(), HttpResponse()
    _, secret = new_link_worker()
    door.write_pass(answer, door.Pass(secret, (campaign.link_token,)))
    client.cookies.update(answer.cookies)
    return client
