"""All settings. Each comes from the environment (see .env.example) and is refused loudly when wrong.

`LEADFLOW_ENV=production` must name its services and secrets; `development`, the default, finds or
starts its own PostgreSQL and Redis (leadflow/embedded.py).
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
import fontpkg_inter
import fontpkg_source_serif_4
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from leadflow import embedded, environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

PRODUCTION = (
    environment.choice("LEADFLOW_ENV", ("development", "production"), "development") == "production"
)
DEBUG = environment.flag("DEBUG", default=not PRODUCTION)
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("DEBUG is true; expected false where LEADFLOW_ENV is production.")

if PRODUCTION:
    SECRET_KEY = environment.secret("SECRET_KEY", least_length=50)
    SUPPRESSION_KEY = environment.secret("SUPPRESSION_KEY", least_length=50)
    ALLOWED_HOSTS = environment.required_words("ALLOWED_HOSTS", "names such as leads.example.com")
    # The container's own health check asks by this name.
    ALLOWED_HOSTS.append("localhost")
else:
    SECRET_KEY = environment.text("SECRET_KEY", "for development only: guards nothing but a demo")
    SUPPRESSION_KEY = environment.text("SUPPRESSION_KEY", "for development only")
    ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")

# Applications: ours first, so that their templates and commands win.
INSTALLED_APPS = [
    "leadflow",
    "reports",
    "handoff",
    "nurture",
    "prospects",
    "team",
    "csp",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "lucide",
    "pgtrigger",
    "rest_framework",
    "template_partials",
    "whitenoise.runserver_nostatic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "leadflow.logs.RequestLog",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "team.zones.ReadersZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "leadflow.urls"
WSGI_APPLICATION = "leadflow.wsgi.application"

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
                "leadflow.context.navigation",
            ],
        },
    },
]
FORM_RENDERER = "leadflow.forms.FormRenderer"

# Services: those named, or else our own, apart for running and for tests.
EMBEDDED = environment.choice("EMBEDDED", ("run", "test"), "run")
EMBEDDED_FOLDER = BASE_DIR / "var" / EMBEDDED
EMBEDDED_SERVICES: list[embedded.Server] = []
if PRODUCTION or environment.text("DATABASE_URL"):
    DATABASE: dict[str, Any] = environ.Env.db_url_config(
        environment.url(
            "DATABASE_URL",
            ("postgres", "postgresql"),
            "postgres://user:password@host:5432/leadflow",
        )
    )
else:
    postgres = embedded.Postgres(
        embedded.home(EMBEDDED_FOLDER) / "postgres", durable=EMBEDDED == "run"
    )
    DATABASE = postgres.settings()
    EMBEDDED_SERVICES.append(postgres)
DATABASES = {
    "default": {
        **DATABASE,
        "CONN_MAX_AGE": environment.number("DATABASE_CONN_MAX_AGE", 300),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **DATABASE.get("OPTIONS", {}),
            # A lock that does not come gives up, everywhere; 0 lets a statement run, as commands need.
            "options": (
                "-c lock_timeout=10000"
                f" -c statement_timeout={environment.number('DATABASE_STATEMENT_TIMEOUT_MS', 0)}"
            ),
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if PRODUCTION or environment.text("REDIS_URL"):
    REDIS_URL = environment.url(
        "REDIS_URL", ("redis", "rediss", "unix"), "redis://:password@host:6379/0"
    )
else:
    valkey = embedded.Redis(embedded.home(EMBEDDED_FOLDER) / "redis")
    REDIS_URL = valkey.url()
    EMBEDDED_SERVICES.append(valkey)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "leadflow",
    },
}

LONGEST_TASK = timedelta(minutes=10)
# The schedule lives in code and every entry is a tick, so beat keeps no file.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A delay longer than the visibility timeout would run a task more than once: never use a countdown.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3 * LONGEST_TASK.total_seconds()}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = LONGEST_TASK.total_seconds() - 30
CELERY_TASK_TIME_LIMIT = LONGEST_TASK.total_seconds()
CELERY_TIMEZONE = "UTC"
# A task whose broker went away will be delivered again: what it does then is done twice.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

# Outgoing mail: where it is handed in. Not named: nothing is sent by machine.
MAIL = environ.Env.email_url_config(
    environment.url("EMAIL_URL", ("smtp", "smtps", "smtp+tls", "smtp+ssl"), "smtp+tls://me:pw@host")
    if environment.text("EMAIL_URL")
    else "smtp://"
)
EMAIL_HOST = MAIL["EMAIL_HOST"] or ""
EMAIL_PORT = MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = MAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 60
# At once, of each dispatcher: a message waits for the server most of its time.
MAIL_CONNECTIONS = environment.number("MAIL_CONNECTIONS", 4, least=1)
# Or a provider's own API (django-anymail's names), which also tells of bounces and complaints.
EMAIL_PROVIDER = environment.choice("EMAIL_PROVIDER", ("", *environment.MAIL_PROVIDERS), "")
ANYMAIL: dict[str, Any] = environment.anymail(EMAIL_PROVIDER)
# The mailbox that replies, bounces and automatic replies come to. Not named: none is read.
IMAP_URL = (
    environment.url(
        "IMAP_URL", ("imaps", "imap+tls", "imap"), "imaps://user:password@mail.example.com/INBOX"
    )
    if environment.text("IMAP_URL")
    else ""
)
# Whether DNS is asked which domains take mail: system, off, or the host:port of a name server.
MAIL_DNS = environment.name_server("MAIL_DNS", "system" if PRODUCTION else "off")
# Where prospects reach us: in the links of what they are sent.
PUBLIC_URL = environment.text(
    "PUBLIC_URL", f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://localhost:8000"
).rstrip("/")

# People
AUTH_USER_MODEL = "team.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())

# The browser
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = PRODUCTION
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Believed about where a request came from (team/throttling.py) as well as about TLS.
BEHIND_TLS_PROXY = environment.flag("BEHIND_TLS_PROXY", default=False)
if PRODUCTION:
    SECURE_SSL_REDIRECT = environment.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if BEHIND_TLS_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    },
}

# Languages and times
LANGUAGE_CODE = "en-us"
# Only what is translated: else Django's own words alone would follow the browser's language.
LANGUAGES = [("en-us", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

# Static files: the fonts are served from their packages.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [
    BASE_DIR / "static",
    ("fonts/inter", Path(fontpkg_inter.__file__).parent / "files"),
    ("fonts/source-serif-4", Path(fontpkg_source_serif_4.__file__).parent / "files"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        ),
    },
}

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First, so that who has not said who they are gets a 401 that names it.
        "team.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,  # the schema says it
    "EXCEPTION_HANDLER": "leadflow.api_errors.answer_exception",
    "DEFAULT_SCHEMA_CLASS": "leadflow.api_schema.Schema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90)}
SPECTACULAR_SETTINGS = {
    "TITLE": "LeadFlow",
    "DESCRIPTION": "The same verbs as the pages: leads, touches, answers, handoffs and reports.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_PATCH": False,  # a PATCH needs its `version`
    "ENUM_NAME_OVERRIDES": {
        "AnswerState": "prospects.qualification.State",
        "Attribute": "prospects.qualification.Attribute",
        "Basis": "prospects.qualification.Basis",
        "Channel": "nurture.touching.Channel",
        "HandoffResult": "handoff.models.Result",
        "HandoffState": "handoff.models.HandoffState",
        "ImportKind": "prospects.models.ImportKind",
        "ImportState": "prospects.models.ImportState",
        "PlannedState": "nurture.engine.states.PlannedState",
        "SourceKind": "prospects.models.SourceKind",
        "Stage": "prospects.stages.Stage",
        "StepChannel": "nurture.cadences.api.CHANNELS",
        "SubmissionResult": "nurture.models.Submission.Result",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "leadflow.api_schema.describe_problems",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # The badge would ask a server on the internet.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

# Logs
LOGGING = logs.configure(
    environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"), json=PRODUCTION
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # DEBUG: the line at a request's end says it all
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = 10  # DEBUG: ticks succeed every few seconds

# Reports: the share of the time that counting their figures may take (see reports/actions.py)
REPORT_SHARE = 0.05
