"""Builds the demonstration, step by step; a step that is done is found done and left alone."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from analysis.models import ImageSet, Network, Run, State
from analysis.services.image_sets import import_images, request_image_set
from analysis.services.localisation import named_units
from analysis.services.networks import request_network
from analysis.tasks import inspect_network
from annotate.models import Campaign
from annotate.services.campaigns import Plan, open_campaign
from annotate.services.simulation import simulate
from demonstration import world as worlds
from demonstration.account import SignIn, account
from demonstration.measuring import A_FEW, BOTH, detectors, finished, measured
from demonstration.teaching import teach
from demonstration.world import SCENES, World

if TYPE_CHECKING:
    from demonstration.network import SceneNet

IMAGES, TRAINED, UNTRAINED = "demo-world", "demo-scene-net", "demo-untrained"
PROGRAM = "scene-net.pt2"  # of both, so that one is known as the untrained copy of the other
OPEN, SIMULATED = "demo-open", "demo-simulated"
SYNTHETIC = "Synthetic: made by the demonstration, not photographed."
GUIDELINES = """Look at the bright parts of the pictures: they drive one unit of the network.

- Write **one or two words** for what most of them show, as specific as fits.
- Mark the pictures that do not fit.
- Choose the group that fits your words.

The pictures are drawn by a program: a *synthetic world* of rooms, streets and beaches.
"""
# What is run, in order.
RUNS = (
    "the images that drive each unit of {layer}, cut down to what it sees",
    "all layers of the trained network, against the masks",
    "all layers of its untrained copy, against the masks",
    "receptive fields of a few units, and a few minimal images",
    "how well the named units of {layer} find their objects",
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How large the demonstration is; smaller ones are for tests."""

    images: int = 1100
    side: int = 160
    layer: str = "conv5"
    units: int = 0  # of the layer; 0 means all
    workers: int = 10

    @property
    def world(self) -> World:
        """The world that is shown: another one than the network was trained on."""
        return World(images=self.images, size=self.side)


@dataclass(frozen=True)
class Built:
    """What the demonstration offers when it stands."""

    sign_in: SignIn
    open_campaign: Campaign
    labelled: int
    detectors: list[str]
    seconds: float


@dataclass
class Runs:
    """The runs over the images, in the order of RUNS: each that must be made is announced."""

    images: ImageSet
    layer: str
    say: Say
    asked: int = 0

    def measured(
        self,
        network: Network,
        steps: Sequence[str],
        layers: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> Run:
        """Return the next run, as `measuring.measured` does: its bars are its own alone."""
        self.asked += 1
        if not finished(network, self.images, steps, layers):
            what = RUNS[self.asked - 1].format(layer=self.layer)
            self.say(f"Run {self.asked} of {len(RUNS)}: {what}.")
        return measured(network, self.images, steps, layers, options)


def build(size: Size, say: Say) -> Built:
    """Build whatever is missing, and say what is done. The database must be migrated."""
    start = time.monotonic()
    home = Path(settings.VAR) / "demonstration"
    home.mkdir(parents=True, exist_ok=True)
    sign_in = account(home)
    images = _images(size, home, sign_in, say)
    networks = _networks(home, sign_in, say)
    runs = Runs(images, size.layer, say)
    run = runs.measured(networks[TRAINED], ("scan", "segment"), [size.layer])
    people = _campaign(OPEN, run, size, sign_in)
    teach(people, sign_in.user, say)
    labelled = _simulated(run, size, sign_in, say)
    found = _measured(networks, runs)
    return Built(sign_in, people, labelled, found, time.monotonic() - start)


def _images(size: Size, home: Path, sign_in: SignIn, say: Say) -> ImageSet:
    """Draw the world, and register and read it as any other set of images."""
    folder = home / "world"
    if worlds.write(size.world, folder, workers=os.cpu_count() or 1):
        say(f"Drew {size.images} pictures of {len(SCENES)} scenes, with their masks.")
    images = ImageSet.objects.filter(slug=IMAGES).first()
    if images is None or images.state == State.FAILED:
        images = request_image_set(slug=IMAGES, folder=folder, user=sign_in.user, note=SYNTHETIC)
    ImageSet.objects.filter(pk=images.pk).update(synthetic=True)
    # Nobody else imports this set: one that is running was broken off.
    ImageSet.objects.filter(pk=images.pk, state=State.RUNNING).update(state=State.WAITING)
    images.refresh_from_db()
    import_images(images)
    images.refresh_from_db()
    return images


def _networks(home: Path, sign_in: SignIn, say: Say) -> dict[str, Network]:
    """Register the trained network and an untrained copy, as exported programs."""
    found = {}
    for slug, note in (
        (TRAINED, "Trained on the scene names of another synthetic world."),
        (UNTRAINED, "The same network before training: a baseline."),
    ):
        network = Network.objects.filter(slug=slug).first()
        if network is None or network.state == State.FAILED:
            network = _request(slug, home / slug / PROGRAM, sign_in, note)
            say(f"Registered the network {slug}.")
        Network.objects.filter(pk=network.pk, state=State.RUNNING).update(state=State.WAITING)
        inspect_network(network.pk)
        network.refresh_from_db()
        if network.state != State.DONE:
            raise ValueError(f"The network {slug} cannot be used: {network.error}")
        found[slug] = network
    return found


def _scene_net(slug: str) -> "SceneNet":
    from demonstration import network  # late: it loads torch

    return network.load() if slug == TRAINED else network.untrained()


def _request(slug: str, program: Path, sign_in: SignIn, note: str) -> Network:
    """Export a network and hand the file in."""
    from demonstration.exporting import LAYERS, export
    from demonstration.network import INPUT, MEAN, STD

    program.parent.mkdir(exist_ok=True)
    export(_scene_net(slug), program)
    size = {"height": INPUT, "width": INPUT, "fit": "squash"}
    return request_network(
        slug=slug,
        arch=f"exported:{program}",
        seed=None if slug == TRAINED else 0,
        preprocessing=size | {"mean": list(MEAN), "std": list(STD)},
        layers=LAYERS,
        classes=list(SCENES),
        user=sign_in.user,
        note=f"{note} {SYNTHETIC}",
        synthetic=True,
    )


def _measured(networks: dict[str, Network], runs: Runs) -> list[str]:
    """Measure by the masks what both networks see; return in words what they detect."""
    trained, untrained = networks[TRAINED], networks[UNTRAINED]
    titles = {TRAINED: "trained on scene names", UNTRAINED: "untrained copy"}
    made = {
        TRAINED: runs.measured(trained, (*BOTH, "count")),
        UNTRAINED: runs.measured(untrained, BOTH),
    }
    scenes = ",".join(scene for scene in SCENES[:4] if scene in runs.images.scenes)
    options = A_FEW | {"scenes": scenes}
    runs.measured(trained, ("scan", "locate", "simplify"), options=options)
    if named_units(trained, trained.layers.filter(name=runs.layer)):  # by masks or simulation
        runs.measured(trained, ("scan", "localise"), [runs.layer])
    return [detectors(run, runs.layer, titles[slug]) for slug, run in made.items()]


def _campaign(slug: str, run: Run, size: Size, sign_in: SignIn) -> Campaign:
    """Open a campaign, or return the one that stands."""
    if standing := Campaign.objects.filter(slug=slug).first():
        return standing
    simulated = slug == SIMULATED
    what = "Units labelled by simulated workers" if simulated else "What do these units see?"
    plan = Plan(
        title=what,
        units=[f"{size.layer}/0-{size.units - 1}"] if size.units else [],
        guidelines=GUIDELINES,
        access=Campaign.Access.MEMBERS if simulated else Campaign.Access.LINK,
        simulated=simulated,
    )
    return open_campaign(slug=slug, run=run, plan=plan, user=sign_in.user)


def _simulated(run: Run, size: Size, sign_in: SignIn, say: Say) -> int:
    """Let simulated workers answer a campaign of their own; return the units labelled."""
    campaign = _campaign(SIMULATED, run, size, sign_in)
    if campaign.tasks.unfinished().exists():
        say("Simulated workers label the units of their own campaign …")
        return simulate(campaign, workers=size.workers).labelled
    return campaign.tasks.filter(answers_given__gt=0).count()


def summary(built: Built, address: str) -> list[str]:
    """Return what a newcomer needs, line by line."""
    password = built.sign_in.password or "changed since; `manage.py changepassword demo` sets one"
    pages = {
        "Label units yourself": built.open_campaign.address,
        "Sign in": f"{reverse('login')}   name demo   password {password}",
        "Labelled units": f"{reverse('analysis:atlas', args=[TRAINED])}   ({built.labelled} by"
        " simulated workers)",
        "Findings": reverse("analysis:findings", args=[TRAINED]),
        "Trained and untrained": reverse("analysis:findings_against", args=[TRAINED])
        + f"?other={UNTRAINED}&tab=objects",
    }
    return [
        "",
        "The demonstration stands. Its pictures, networks and simulated workers are synthetic.",
        *(f"  {sentence}" for sentence in built.detectors),
        "",
        *(f"  {what:<22} {address}{page}" for what, page in pages.items()),
        "",
        f"Built in {built.seconds:.0f} s.",
    ]
