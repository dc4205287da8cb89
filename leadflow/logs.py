"""Structured logs without personal data: JSON in production, readable lines elsewhere.

A line may carry the request's id, the user's id, the route and whole numbers from the path. It never
carries an address, a query string, a token, an IP or a user agent.
"""

import re
import sys
from typing import TYPE_CHECKING, Any

import structlog
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# PostgreSQL quotes the row that broke a constraint: "DETAIL:  Key (email)=(ann@example.com) …".
DETAIL = re.compile(r"^(\s*DETAIL:).*$", re.MULTILINE)
PERSONAL_KEYS = {"ip", "user_agent"}


class RequestLog(RequestMiddleware):
    """One line a request, by route rather than by path, and its id on the response."""

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """`GET /leads/<int:pk>/ pk=7`: paths also carry tokens that lead to a person, so only numbers show."""
        match = request.resolver_match
        if match is None:
            return f"{request.method} (no route)"
        numbers = "".join(f" {k}={v}" for k, v in match.kwargs.items() if isinstance(v, int))
        return f"{request.method} /{match.route}{numbers}"


def mask(value: Any) -> Any:
    """The value with email addresses and PostgreSQL's row details blotted out, at any depth."""
    if isinstance(value, str):
        return DETAIL.sub(r"\1 (hidden)", EMAIL.sub("(email)", value))
    if isinstance(value, dict):
        return {key: mask(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    if isinstance(value, BaseException):
        return mask(repr(value))
    return value


def without_personal_data(logger: "WrappedLogger", method: str, event: "EventDict") -> "EventDict":
    """Last but for the renderer, so that formatted exceptions are covered too."""
    return {
        key: value if key.startswith("_") else mask(value)
        for key, value in event.items()
        if key not in PERSONAL_KEYS
    }


SHARED: list["Processor"] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def configure(level: str, *, json: bool) -> dict[str, Any]:
    """Sets structlog up and returns what `logging.config.dictConfig` takes (Django's LOGGING)."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    without_personal_data,
                    renderer,
                ],
            },
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "structured"},
            # Without any, Python's last resort would print these lines past the mask.
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # These quote whole paths, and the request's own line already says the same.
            "django.request": {"handlers": ["nowhere"], "propagate": False},
            "django.server": {"handlers": ["nowhere"], "propagate": False},
            # django-structlog tells what befell a task, with the id of the request it came from.
            "celery.app.trace": {"handlers": ["nowhere"], "propagate": False},
            "celery.worker.strategy": {"handlers": ["nowhere"], "propagate": False},
            # The handlers of Django's own defaults would print a second time.
            "django": {"handlers": [], "propagate": True},
        },
    }
