"""Runs with the step `prefer` over photographs of one set, or of two sets to be joined.

run = a_preferring_run(folder)      # rows, files, manifest; worked through: `preferred(run)`
"""

from django.utils import timezone

from analysis.core.manifest import Entry, ManifestWriter
from analysis.models import ImageSet, Network, Run, State
from analysis.pipeline import prefer
from analysis.services import files
from analysis.services.runs import request_run
from tests.analysis.photographs import a_network, job_of, paint, shards_of


def nobody(done):
    """No beat is missed."""


def a_set(slug, folder, count=20, scenes=3, folders=0):
    """Return an imported image set; images with scenes, or folders, in turn."""
    root = folder / slug
    root.mkdir(parents=True)
    with ManifestWriter(root / "manifest.parquet") as manifest:
        for number in range(count):
            part = f"images/part{number % folders}" if folders else "images"
            path = f"{part}/{number:03d}.png"
            (root / part).mkdir(parents=True, exist_ok=True)
            size = paint(root / path, 100 * len(slug) + number)
            scene = f"scene {number % scenes}" if scenes else ""
            manifest.add(Entry(number, path, "", scene, *size, b"0" * 16))
        fingerprint = manifest.fingerprint({"of": slug})
    name = f"image-sets/{slug}/manifest.parquet"
    files.write(name, (root / "manifest.parquet").read_bytes())
    return ImageSet.objects.create(
        slug=slug,
        root=str(root),
        manifest=name,
        fingerprint=fingerprint,
        count=count,
        state=State.DONE,
    )


def a_preferring_run(image_set, kept=5, shard=8, **more):
    """Return a run of the steps scan and prefer, in shards of ``shard`` images."""
    network = Network.objects.filter(slug="small").first() or a_network()
    run, _ = request_run(
        network=network,
        image_set=image_set,
        steps=("scan", "prefer"),
        top=5,
        device="cpu",
        step_options={"prefer": {"preferred_images": kept}},
        **more,
    )
    for job in run.jobs.all():
        job.shards.all().delete()
        job.shards.bulk_create(
            job.shards.model(job=job, number=n, first=first, last=min(first + shard, job.total))
            for n, first in enumerate(range(0, job.total, shard))
        )
    return run


def preferred(run, order=None, repeat=()):
    """Work the step; its shards in any order, some of them again. The scan is not needed for it."""
    shards = shards_of(run, "prefer")
    for number in [*(order or range(len(shards))), *repeat]:
        prefer.work(shards[number], nobody)
    prefer.finish(job_of(run, "prefer"))
    return run


def finished(run):
    """Do the step, and say that the whole run is done."""
    preferred(run)
    run.jobs.update(state=State.DONE)
    Run.objects.filter(pk=run.pk).update(state=State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
    return run
