"""How the API refuses: every exception of the domain as problem details (RFC 9457), in one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from psycopg2 import errorcodes
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, exception_handler

from handoff.actions import AlreadySettled
from prospects.actions import NotAllowed, StaleVersion
from prospects.api import KnownAlready
from prospects.imports.actions import NotPossible
from prospects.imports.intake import ImportRefused
from prospects.stages import IllegalStep
from team.api import KeyReused

MEDIA_TYPE = "application/problem+json"
BUSY = frozenset({errorcodes.LOCK_NOT_AVAILABLE, errorcodes.DEADLOCK_DETECTED})


def answer_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception; None, so a plain 500, for what nobody foresaw."""
    match exc:
        case ValidationError():
            return problem(422, _("What was sent cannot be taken."), errors=_by_field(exc))
        case KeyReused() | ImportRefused():
            return problem(422, str(exc))
        case StaleVersion():
            return problem(409, str(exc), current=exc.current.version)
        case KnownAlready():
            return problem(409, str(exc), known=[lead.pk for lead in exc.leads])
        case IllegalStep() | AlreadySettled() | NotPossible():
            return problem(409, str(exc))
        case NotAllowed():
            return problem(403, str(exc))
        case OperationalError() if getattr(exc.__cause__, "pgcode", "") in BUSY:
            return problem(
                503, _("Somebody else is writing here. Try again."), {"Retry-After": "1"}
            )
    answer = exception_handler(exc, context)
    if answer is None:
        return None
    detail, errors = _in_words(exc)
    return problem(
        answer.status_code,
        detail,
        {name: value for name, value in answer.items() if name != "Content-Type"},
        **({"errors": errors} if errors else {}),
    )


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Every other address of the API: a client gets problem details, not a page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        words = _("There is no such address in the API.")
        if not request.path.endswith("/"):
            words = _("There is no such address in the API; addresses end with a slash.")
        raise exceptions.NotFound(words)


def problem(
    code: int, detail: str, headers: dict[str, str] | None = None, **extension: Any
) -> Response:
    """Problem details: what kind (`title`), what exactly in words (`detail`), and what helps."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        **extension,
    }
    return Response(body, status=code, headers=headers, content_type=MEDIA_TYPE)


def _in_words(exc: Exception) -> tuple[str, Any]:
    """What REST framework has to say: a sentence, and the errors by field if it is about fields."""
    if isinstance(exc, Http404):
        return _("There is nothing here for you."), None
    if isinstance(exc, PermissionDenied):
        return str(exc) or _("You may not do this."), None
    assert isinstance(exc, exceptions.APIException)
    if isinstance(exc, exceptions.ValidationError):
        errors = exc.detail
        if isinstance(errors, list):
            errors = {api_settings.NON_FIELD_ERRORS_KEY: errors}
        return _("What was sent is not in order."), errors
    return str(exc.detail), None


def _by_field(exc: ValidationError) -> dict[str, list[str]]:
    """Django's errors by field; those of no field under the name REST framework uses."""
    if hasattr(exc, "error_dict"):
        return {
            api_settings.NON_FIELD_ERRORS_KEY if name == "__all__" else name: words
            for name, words in exc.message_dict.items()
        }
    return {api_settings.NON_FIELD_ERRORS_KEY: exc.messages}
