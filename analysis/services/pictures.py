"""Where pictures of top, minimal and preferred images lie, under names that nobody can guess."""

import hashlib
import hmac

from django.conf import settings

from analysis.models import TopImage


def token_of(top_image: TopImage) -> str:
    """Return the token of a top image's pictures: the same on every repetition of its run.

    Pictures are fetched by it without sign-in, so it is made with the installation's secret: who
    knows one cannot make another.
    """
    unit = top_image.unit
    parts = (top_image.run.key, unit.layer.name, unit.channel, top_image.end, top_image.rank)
    return _secret("picture", *parts)


def minimal_token(run_key: str, number: int, regions: str) -> str:
    """Return the token of a minimal image's pictures, as `token_of`."""
    return _secret("minimal", run_key, number, regions)


def preferred_token(run_key: str, number: int) -> str:
    """Return the token of the pictures of an image that a layer prefers, as `token_of`."""
    return _secret("preferred", run_key, number)


def imported_token(run_key: str, place: str) -> str:
    """Return the token of pictures that came with an archive, as `token_of`."""
    return _secret("imported", run_key, place)


def _secret(*parts: str | int) -> str:
    spoken = "/".join(str(part) for part in parts)
    return hmac.digest(settings.SECRET_KEY.encode(), spoken.encode(), hashlib.sha256).hex()[:32]


def picture_file(token: str, kind: str, size: str) -> str:
    """Return the name of a picture in the media storage."""
    return f"{picture_folder(token)}/{kind}-{size}.webp"


def picture_folder(token: str) -> str:
    """Return the folder in the media storage of all pictures of one token."""
    return f"pictures/{token[:2]}/{token}"
