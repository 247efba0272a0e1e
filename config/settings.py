"""Django settings, all read from the environment; every default works on a laptop."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as env

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent
# Everything that a laptop's installation makes lies here: database, media, broker, secret key.
VAR = Path(env.text("UNITSCOPE_VAR") or BASE_DIR / "var").resolve()

# ---- Security ------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret("SECRET_KEY", VAR / "secret_key")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# HTTPS is the proxy's: say BEHIND_HTTPS=yes there, and cookies and redirects follow.
BEHIND_HTTPS = env.flag("BEHIND_HTTPS")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_HTTPS
if BEHIND_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": [],
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "style-src": [SELF],
        "script-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# ---- Application ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "analysis",
    "annotate",
    "config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.private_answers.PrivateAnswers",
    "config.null_characters.NullCharacters",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.languages.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.viewer",
                "config.context.language",
            ],
            "libraries": {"iou": "analysis.views.iou"},
        },
    }
]
# Sessions and accounts are Django's; every request asks for them, so they are read in less time.
SESSION_ENGINE = "config.signed_in"
AUTHENTICATION_BACKENDS = ["config.signed_in.Backend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
LANGUAGE_COOKIE_NAME = "unitscope_language"
LANGUAGE_COOKIE_AGE = 31_536_000
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True

# ---- Database ------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL") or f"sqlite:///{VAR / 'unitscope.sqlite3'}"
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    VAR.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Tests use a file too: in memory, all threads of a live server would share one connection.
    DATABASES["default"]["TEST"] = {"NAME": VAR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE takes the write lock at the start: no transaction fails half-way for it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
CACHE_URL = env.text("CACHE_URL")


def _apart(name: str, most: int) -> dict[str, Any]:
    """Return a cache with a room of its own, that in a process's memory holds so many things."""
    if CACHE_URL:
        backend = "django.core.cache.backends.redis.RedisCache"
        return {"BACKEND": backend, "LOCATION": CACHE_URL, "KEY_PREFIX": name}
    backend = "django.core.cache.backends.locmem.LocMemCache"
    return {"BACKEND": backend, "LOCATION": name, "OPTIONS": {"MAX_ENTRIES": most}}


CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": env.text("CACHE_URL"),
        }
        if env.text("CACHE_URL")
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    ),
    # Parts of pages that are the same for everybody, kept by each process: `{% cache %}`.
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "fragments",
    },
    # Figures as files, of up to a megabyte each: drawn again after an hour.
    "figures": _apart("figures", most=40),
    # What takes long to count, of up to two megabytes each: see services/kept.
    "counts": _apart("counts", most=40),
}

# ---- Files ---------------------------------------------------------------------------------
MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or VAR / "media").resolve()
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT") or VAR / "static").resolve()
S3_BUCKET = env.text("S3_BUCKET")
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.flag("STATIC_MANIFEST")
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Without a manifest the files are served from where they lie, and nothing has to be collected.
WHITENOISE_USE_FINDERS = not env.flag("STATIC_MANIFEST")
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
            "region_name": env.text("S3_REGION") or None,
            "access_key": env.text("S3_ACCESS_KEY") or None,
            "secret_key": env.text("S3_SECRET_KEY") or None,
            "querystring_auth": True,
            "file_overwrite": True,
        },
    }
# Folders below which a researcher may name weights and images by path.
ALLOWED_FOLDERS = [Path(folder).resolve() for folder in env.words("ALLOWED_FOLDERS")]
UPLOAD_MAX_MB = env.whole("UPLOAD_MAX_MB", 1024, least=1)
FILE_UPLOAD_HANDLERS = [
    "analysis.views.uploads.Limit",  # first: stops strangers' and too large files
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# ---- Jobs ----------------------------------------------------------------------------------
DEVICE = env.text("DEVICE", "auto")
# Arithmetic threads of one worker. One number for all workers: results are the same to the byte.
TORCH_THREADS = env.whole("TORCH_THREADS", 0)
# Torch reads this itself: large arrays in large pages, where the system has them. Without them half
# of a scan's CPU time may go into asking for memory page by page (docs/performance.md).
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or "filesystem://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "cpu"
# Small and waited for by somebody: not behind an hour of segmenting.
CELERY_TASK_ROUTES = {"annotate.tasks.*": {"queue": "interactive"}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
if CELERY_BROKER_URL.startswith("filesystem"):
    broker_folder = VAR / "broker"
    broker_folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(broker_folder),
        "data_folder_out": str(broker_folder),
        "control_folder": str(VAR / "broker-control"),
        # Somebody may be waiting for the message: half of this is lost on the way, each time.
        "polling_interval": 0.03,
    }

# ---- Labelling -----------------------------------------------------------------------------
# After so long at a stretch a worker is asked to rest for so long; 0: never.
SESSION_MINUTES = env.whole("SESSION_MINUTES", 60)
REST_MINUTES = env.whole("REST_MINUTES", 5, least=1)

# ---- REST API ------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "analysis.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # An address that forgets to say who may use it is for researchers only.
    "DEFAULT_PERMISSION_CLASSES": ["analysis.api.permissions.Researchers"],
    "DEFAULT_THROTTLE_CLASSES": ["analysis.api.throttling.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["analysis.api.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "analysis.api.pagination.Keyset",
    "DEFAULT_SCHEMA_CLASS": "analysis.api.schema.Describe",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "analysis.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
    # How many proxies stand in front and add to X-Forwarded-For; 0 believes no such header.
    "NUM_PROXIES": env.whole("PROXIES", 0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Calls a minute for each signed-in user, each address of nobody, and each one's exports; 0: any.
API_USER_PER_MINUTE = env.whole("API_USER_PER_MINUTE", 1200)
API_NOBODY_PER_MINUTE = env.whole("API_NOBODY_PER_MINUTE", 120)
API_EXPORTS_PER_MINUTE = env.whole("API_EXPORTS_PER_MINUTE", 30)
# Images a minute that one user, or one address of nobody, may have looked at, by page or API.
DETECTIONS_PER_MINUTE = env.whole("DETECTIONS_PER_MINUTE", 60)
NOBODY_DETECTIONS_PER_MINUTE = env.whole("NOBODY_DETECTIONS_PER_MINUTE", 20)
SPECTACULAR_SETTINGS = {
    "TITLE": "Unitscope",
    "DESCRIPTION": (
        "What the units of a vision network see: networks, layers, units, their labels, "
        "the runs and campaigns that these come from, and whole tables of them."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "State": "analysis.models.State",
        "Category": "analysis.models.Category",
        "Source": "analysis.models.Source",
        "End": "analysis.models.TopImage.End",
        "How": "analysis.models.ConceptMatch.How",
    },
    "PATH_CONVERTER_OVERRIDES": {
        "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
        "int": {"type": "integer", "minimum": 0},
        "run_key": {"type": "string", "pattern": "^[0-9a-f]{12,64}$"},
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "analysis.api.schema.add_errors",
    ],
}

# ---- Logging -------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
if LOGGING["root"]["level"] not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:  # type: ignore[index]
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
