"""System checks: every bad setting has an id, a sentence and a hint."""

import os
import stat
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

DEVICES = ("auto", "cpu", "cuda")
BROKERS = ("filesystem", "redis", "rediss", "amqp", "amqps", "memory")
DATABASES = ("sqlite3", "postgresql")
LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}


@register(Tags.security)
def secret_key(**_: Any) -> Iterable[CheckMessage]:
    """The key must be long, and its file readable by its owner only."""
    if len(settings.SECRET_KEY) < 50:
        yield Error(
            f"SECRET_KEY has only {len(settings.SECRET_KEY)} characters.",
            hint="Unset it to have one made, or give 50 or more random characters.",
            id="unitscope.E001",
        )
    path = settings.VAR / "secret_key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Error(
            f"{path} can be read by other accounts of this machine.",
            hint=f"Run: chmod 600 {path}",
            id="unitscope.E002",
        )


@register(Tags.security)
def hosts(**_: Any) -> Iterable[CheckMessage]:
    """Debugging pages show secrets, and a star answers to any name."""
    if settings.DEBUG and set(settings.ALLOWED_HOSTS) - LOOPBACK:
        yield Error(
            f"DEBUG is on while ALLOWED_HOSTS names {settings.ALLOWED_HOSTS}.",
            hint="Debugging pages show secrets: unset DEBUG wherever others can reach the server.",
            id="unitscope.E003",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "ALLOWED_HOSTS=* answers to any host name, a forged one too.",
            hint="Name the hosts: ALLOWED_HOSTS=unitscope.example.org",
            id="unitscope.W004",
        )


@register(Tags.database)
def database(**_: Any) -> Iterable[CheckMessage]:
    """SQLite and PostgreSQL are what the tests run on."""
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    if engine not in DATABASES:
        yield Error(
            f"DATABASE_URL names {engine}, which Unitscope is not tested on.",
            hint="Use sqlite:///… or postgres://user:password@host/name.",
            id="unitscope.E005",
        )
    if engine == "postgresql" and find_spec("psycopg"):
        yield Warning(
            "psycopg 3 is installed beside psycopg2, and Django prefers it.",
            hint="Run: pip uninstall psycopg",
            id="unitscope.W006",
        )


@register("jobs")
def jobs(**_: Any) -> Iterable[CheckMessage]:
    """The broker and the device must be ones that workers know."""
    scheme = urlsplit(settings.CELERY_BROKER_URL).scheme
    if scheme not in BROKERS:
        yield Error(
            f"CELERY_BROKER_URL starts with {scheme!r}, which is no broker known here.",
            hint="Unset it for the embedded broker, or give redis://host:6379/0.",
            id="unitscope.E007",
        )
    if scheme == "filesystem" and "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        yield Warning(
            "The embedded broker reaches only workers on this machine.",
            hint="With workers elsewhere set CELERY_BROKER_URL=redis://host:6379/0.",
            id="unitscope.W008",
        )
    if settings.DEVICE not in DEVICES and not settings.DEVICE.startswith("cuda:"):
        yield Error(
            f"DEVICE={settings.DEVICE!r} is no device.",
            hint=f"Use one of {', '.join(DEVICES)}, or cuda:0 for one of several.",
            id="unitscope.E009",
        )


@register("files")
def media(**_: Any) -> Iterable[CheckMessage]:
    """Results are written to MEDIA_ROOT unless a bucket is named."""
    if settings.S3_BUCKET:
        return
    # Not made yet is fine: then the nearest folder that exists must be writable.
    folder = next(path for path in (settings.MEDIA_ROOT, *settings.MEDIA_ROOT.parents)
                  if path.exists())  # fmt: skip
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        yield Error(
            f"MEDIA_ROOT={settings.MEDIA_ROOT} cannot be written.",
            hint="Name a folder that the web server and the workers may write, or give S3_BUCKET.",
            id="unitscope.E010",
        )
    static = [Path(settings.STATIC_ROOT), *Path(settings.STATIC_ROOT).parents]
    if settings.MEDIA_ROOT in static:
        yield Error(
            f"STATIC_ROOT={settings.STATIC_ROOT} lies inside MEDIA_ROOT.",
            hint="Keep what the project serves to everybody and what it measures apart.",
            id="unitscope.E011",
        )


@register("files")
def allowed_folders(**_: Any) -> Iterable[CheckMessage]:
    """A folder that researchers may name must exist and must not be the whole machine."""
    for folder in settings.ALLOWED_FOLDERS:
        if not folder.is_dir():
            yield Error(
                f"ALLOWED_FOLDERS names {folder}, which is no folder here.",
                hint="Mount it, or take it out of ALLOWED_FOLDERS.",
                id="unitscope.E012",
            )
        elif folder == Path(folder.anchor) or folder in settings.VAR.parents:
            yield Error(
                f"ALLOWED_FOLDERS names {folder}, which holds the installation's own secrets.",
                hint="Name the folder of the images or weights only.",
                id="unitscope.E013",
            )


@register(Tags.caches, deploy=True)
def shared_cache(**_: Any) -> Iterable[CheckMessage]:
    """Rate limits are counted in the cache: it must be one for all web processes."""
    if settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        yield Warning(
            "Rate limits are counted for each web process by itself.",
            hint="Set CACHE_URL=redis://host:6379/1.",
            id="unitscope.W014",
        )
