"""Unpacks images that anybody may send, in a process of its own that is kept warm.

Run as a module: questions come on the standard input, answers go to the standard output, as parts
that each have their length before them. Whatever an image does, it does it here: it may take
`LONGEST` seconds and `ROOM` bytes, and its end is the end of this process and of nothing else.
Neither Django nor torch is loaded, and no secret is in the environment.
"""

import json
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from io import BytesIO
from typing import IO, Any

from PIL import Image as Picture

from analysis.core.images import ImageRefused, Preprocessing, open_image, view

LONGEST = 10  # seconds for one image; the largest photographs take two, AVIF six
ROOM = 2 << 30  # bytes of memory: 40 million pixels with transparency take half of it
_LENGTH = struct.Struct(">Q")
Parts = tuple[bytes, bytes, bytes]


def main() -> None:
    """Answer one question after another until nobody is there to ask."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":  # elsewhere the system may refuse it, and time alone is limited
        room = ROOM if most == resource.RLIM_INFINITY else min(ROOM, most)
        resource.setrlimit(resource.RLIMIT_AS, (room, most))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            head, file = receive(source, 2)
        except EOFError:
            return
        signal.alarm(LONGEST)  # ends this process, in the midst of a decoder too
        send(target, answered(json.loads(head), file))
        signal.alarm(0)


def answered(asked: dict[str, Any], file: bytes) -> Parts:
    """Return {"size": [width, height]}, the pixels a network sees, and a WebP of what it sees.

    ``asked`` holds its ``preprocessing``, the ``most_pixels`` that are read, and the ``longest``
    side of the WebP in pixels, 0 for none. An image that cannot be used has {"refused": why} alone.
    """
    preparation = Preprocessing.from_json(asked["preprocessing"])
    try:
        picture = open_image(BytesIO(file), asked["most_pixels"])
        seen = view(picture, preparation).tobytes()  # (height, width, 3) bytes
        shown = photo(picture, preparation, asked["longest"]) if asked["longest"] else b""
        return json.dumps({"size": picture.size}).encode(), seen, shown
    except ImageRefused as refused:
        why = str(refused)
    except MemoryError:
        why = "it takes too much memory to unpack: send a smaller copy"
    return json.dumps({"refused": why}).encode(), b"", b""


def photo(picture: Picture.Image, preparation: Preprocessing, longest: int) -> bytes:
    """Return what the network sees of an image as a WebP made by us, without its metadata."""
    box = preparation.box(*picture.size)
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, longest / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    part = picture.resize(size, Picture.Resampling.BICUBIC, box=box)
    part.info.clear()  # where it was taken, by whom
    out = BytesIO()
    part.save(out, "WEBP", quality=82)
    return out.getvalue()


def send(stream: IO[bytes], parts: Sequence[bytes]) -> None:
    """Write parts, each with its length before it."""
    for part in parts:
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes], count: int) -> list[bytes]:
    """Return the next parts. Raises EOFError where the other side has gone."""
    return [_exactly(stream, *_LENGTH.unpack(_exactly(stream, _LENGTH.size))) for _ in range(count)]


def _exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


if __name__ == "__main__":
    main()
