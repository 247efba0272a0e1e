"""Takes uploads in: no more than is allowed, and from whom, before they are stored.

Researchers upload weights. Anybody may have an image looked at, which is smaller and not kept.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from analysis.services.access import is_researcher
from analysis.services.detections import LARGEST_FILE

# The addresses where anybody may send an image.
LOOKING = ("analysis:try", "api-detect")


class Limit(FileUploadHandler):
    """The first upload handler of every request: it stops what is too large or a stranger's.

    At the addresses that look at images anybody may send one, up to the size of an image.

    The form of a page is read for its token before any view has looked who is there, so without
    this anybody could fill the disk of the server.
    """

    def __init__(self, request: Any = None) -> None:
        """Count from nothing."""
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass a piece on to the handlers that store it."""
        self.received += len(raw_data)
        if self.received > self.allowed():
            raise StopUpload(connection_reset=True)
        return raw_data

    def allowed(self) -> int:
        """Return how many bytes whoever asks may send to this address."""
        match = getattr(self.request, "resolver_match", None)
        if match is not None and match.view_name in LOOKING:
            return LARGEST_FILE
        user = getattr(self.request, "user", None)
        return 0 if user is None or not is_researcher(user) else limit()

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that store it."""


def limit() -> int:
    """Return how many bytes one upload may have."""
    return settings.UPLOAD_MAX_MB * 1_000_000


def too_large(content_length: str) -> str:
    """Return a sentence where a request is larger than an upload may be, else nothing."""
    sent = int(content_length) if content_length.isdecimal() else 0
    if sent <= limit():
        return ""
    return (
        f"The file has {sent // 1_000_000:,} MB; {settings.UPLOAD_MAX_MB:,} MB may be uploaded. "
        "Put it below an open folder and name its path, or use manage.py add_network."
    )


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:  # type: ignore[type-arg]
    """Give an upload as a file under its own name, made plain, as long as the block lasts."""
    name = re.sub(r"[^\w.-]", "_", upload.name or "", flags=re.ASCII).lstrip(".")[-80:]
    with tempfile.TemporaryDirectory(prefix="unitscope-upload-") as folder:
        path = Path(folder) / (name or "weights")
        with path.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        yield path
