"""`manage.py analyze`: ask for a run, and wait for it if wanted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis import tasks
from analysis.management.watching import PATIENCE, Watcher
from analysis.models import OPEN, ImageSet, Network, Run, State
from analysis.services import runs
from analysis.services.progress import duration
from analysis.services.recipes import PRECISIONS
from analysis.services.runs import DEVICES, Options, RunRefused
from analysis.services.steps import STEPS, USUAL, Step


class Command(BaseCommand):
    """The same run is never made twice: asking again goes on with it, or says that it is done."""

    help = "Run a network over an image set: top images of every unit, segmented."
    # Seconds to wait for a worker that is just starting; for callers who know that none is.
    stealth_options = ("patience",)

    def add_arguments(self, parser: CommandParser) -> None:
        """What to run, how, and whether to wait."""
        parser.add_argument("network", help="slug of a network (add_network)")
        parser.add_argument("images", help="slug of an image set (add_images)")
        parser.add_argument("--layers", type=words, help="names, e.g. conv4,conv5; default: all")
        parser.add_argument("--top", type=int, default=60, help="images for each unit; default: 60")
        usual = f"of {','.join(STEPS)}; default: {','.join(USUAL)}"
        parser.add_argument("--steps", type=words, default=list(USUAL), help=usual)
        parser.add_argument("--device", choices=DEVICES, default="auto")
        memory = "MB that a batch of occluded images may take; default: 1024"
        parser.add_argument("--memory", type=int, default=0, help=memory)
        parser.add_argument("--precision", choices=PRECISIONS, default="float32")
        parser.add_argument("--wait", action="store_true", help="show progress until it is done")
        for step in STEPS.values():
            add_options(parser, step)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, wake the workers, wait if wanted."""
        run = self._ask(options)
        tasks.wake_run(run)
        if options["wait"]:
            self._wait(run, options.get("patience", PATIENCE))
        elif run.state in OPEN:
            if runs.progress(run).unattended:
                self.stdout.write("No worker is running: `make worker` starts one.")
            self.stdout.write(f"Watch it on its page, /runs/{run.short_key}/, or add --wait here.")

    def _ask(self, options: dict[str, Any]) -> Run:
        """Return the run, made or found, and resumed if it had stopped."""
        wanted = Options(
            layers=options["layers"],
            top=options["top"],
            steps=options["steps"],
            precision=options["precision"],
            device=options["device"],
            memory=options["memory"],
            step_options=given_options(options),
        )
        network = find(Network, options["network"], "add_network")
        image_set = find(ImageSet, options["images"], "add_images")
        try:
            run, made = runs.request_run(network=network, image_set=image_set, **wanted)
        except RunRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Run {run}: {'new' if made else f'exists already, {run.state}'}.")
        if run.state in {State.CANCELLED, State.FAILED}:
            freed = runs.resume(run)
            self.stdout.write(f"It goes on where it stopped: {freed} shards to do.")
        return run

    def _wait(self, run: Run, patience: float) -> None:
        """Show the run until it is finished; exit with 1 when it failed or was cancelled."""
        watcher = Watcher(run, self.stdout, patience)  # type: ignore[arg-type]
        try:
            last = watcher.follow()
        except KeyboardInterrupt:
            self._say_how_to_go_on(watcher)
            raise SystemExit(130) from None
        if last.state == State.CANCELLED:
            raise CommandError(f"Run {run} was cancelled: the same command resumes it.")
        if last.state != State.DONE:
            raise CommandError(f"Run {run} failed: {last.error}")
        run.refresh_from_db()
        if run.started_at and run.finished_at:
            took = duration((run.finished_at - run.started_at).total_seconds())
            self.stdout.write(self.style.SUCCESS(f"Run {run} is done; it took {took}."))

    def _say_how_to_go_on(self, watcher: Watcher) -> None:
        """After Ctrl-C."""
        if watcher.works:
            line = "Stopped. What is finished is kept: the same command goes on from there."
        else:
            line = "No longer watching; the run goes on in the worker. Cancel it on its page."
        self.stdout.write(f"\n{line}")


def add_options(parser: CommandParser, step: Step) -> None:
    """Add a flag for each option of a step; one that is not given is None."""
    group = parser.add_argument_group(f"options of the step {step.name}")
    for option in step.asks:
        if option.kind is bool:
            group.add_argument(option.flag, action="store_const", const=True, help=option.words)
            continue
        choices = option.choices or None
        words = f"{option.words}; default: {option.default}" if option.default else option.words
        group.add_argument(option.flag, type=option.kind, choices=choices, help=words)


def given_options(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options that were given, by step."""
    return {
        step.name: {
            option.name: options[option.name]
            for option in step.asks
            if options.get(option.name) is not None
        }
        for step in STEPS.values()
    }


def words(value: str) -> list[str]:
    """Return a list given with commas."""
    return [word.strip() for word in value.split(",") if word.strip()]


def find(model: type[Network] | type[ImageSet], slug: str, command: str) -> Any:
    """Return the row called ``slug``; raise CommandError with the slugs there are."""
    found = model.objects.filter(slug=slug).first()
    if found is None:
        what = model._meta.verbose_name
        known = ", ".join(model.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(
            f"There is no {what} {slug!r}; there are: {known}. Add one with `manage.py {command}`."
        )
    return found
