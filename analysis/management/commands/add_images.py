"""manage.py add_images: register a folder of images, read every file, say what was found."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.models import ImageSet, State
from analysis.services.image_sets import (
    ImageSetRefused,
    import_images,
    refused_files,
    request_image_set,
)

# Refused files that are shown; all of them are kept and stand on the image set's page.
SHOWN = 20


class Command(BaseCommand):
    """Register a folder of images."""

    help = (
        "Register a folder of images: images/ with scenes.csv, masks/ and labels.json, "
        "or one folder for each scene."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the set's name and its folder."""
        parser.add_argument("slug", help="its name in addresses and exports")
        parser.add_argument("folder", help="the images stay there and are not changed")
        parser.add_argument("--note", default="", help="what people should know of it")
        parser.add_argument("--synthetic", action="store_true", help="the images are synthetic")

    def handle(self, *args: Any, **options: Any) -> None:
        """Register, import in this process, and print counts and refused files."""
        slug, folder = options["slug"], options["folder"]
        try:
            image_set = request_image_set(slug=slug, folder=folder, note=options["note"])
        except ImageSetRefused as refused:
            raise CommandError(str(refused)) from refused
        image_set.synthetic = options["synthetic"]
        import_images(image_set, self.progress if options["verbosity"] > 0 else None)
        image_set.refresh_from_db()
        if image_set.state != State.DONE:
            raise CommandError(image_set.error)
        self.show(image_set)

    def progress(self, done: int, total: int) -> None:
        """Rewrite one line on a terminal; say nothing to a file."""
        if self.stdout.isatty():
            self.stdout.write(f"\r{done:,} of {total:,} files read", ending="")
            self.stdout.write("" if done == total else "\r", ending="\n" if done == total else "")

    def show(self, image_set: ImageSet) -> None:
        """Print what was found and what was left out."""
        classes = len(image_set.labels.get("classes", ()))
        masks = f", masks of {classes} classes" if classes else ""
        self.stdout.write(
            f"{image_set.slug}: {image_set.count:,} images in {len(image_set.scenes):,} scenes"
            f"{masks}, sha256 {image_set.fingerprint[:12]}"
        )
        if not image_set.refused:
            return
        self.stdout.write(f"{image_set.refused:,} refused:")
        for one in refused_files(image_set, SHOWN):
            # A name may hold signs that steer a terminal.
            shown = one.path if one.path.isprintable() else ascii(one.path)
            self.stdout.write(f"  {shown}: {one.reason}")
        if image_set.refused > SHOWN:
            self.stdout.write(f"  … and {image_set.refused - SHOWN:,} more on its page")
