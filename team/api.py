"""What every resource of the API shares: who asks, strict input, instants, pages, asking once.

docs/decisions/0040-the-api.md says why it behaves as it does; `leadflow.api_errors` how it refuses.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema_field, inline_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from team.models import KeyedRequest, Role, User

PAGE = 50
Made = TypeVar("Made", bound=models.Model)


class KeyReused(Exception):
    """The same Idempotency-Key came with another request."""


# What goes in and out


class Instant(serializers.DateTimeField):
    """An instant: in with any offset, which must be said, out in UTC."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "no_offset": gettext_lazy("Say the offset from UTC too, as in 2026-06-17T15:00:00Z.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            self.fail("no_offset")
        return super().enforce_timezone(value)


class Money(serializers.DecimalField):
    """An amount out: a decimal string, so that no cent is lost on the way."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, **options)


class Strict(serializers.Serializer):
    """Input that may say only what is listed: a field too many is refused by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [name for name in data if name not in writable]
            if unknown:
                raise serializers.ValidationError(
                    {name: [_("There is no such field to write.")] for name in unknown}
                )
        return super().to_internal_value(data)


@extend_schema_field(int)
class VisibleField(serializers.PrimaryKeyRelatedField):
    """A row by its id, among those the person asking may see: `VisibleField(Lead.objects)`.

    The context must hold the `user`, as `Resource.said` and `Resource.asked` see to.
    """

    def __init__(self, rows: Any, **options: Any) -> None:
        self.rows = rows
        super().__init__(**options)

    def get_queryset(self) -> models.QuerySet:
        rows: models.QuerySet = self.rows.visible_to(self.context["user"])
        return rows


class Shown(serializers.ModelSerializer):
    """Output: the fields listed, nothing to write."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: Instant,
    }

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields


class NamedOut(serializers.Serializer):
    """Somebody or something by id and name."""

    id = serializers.IntegerField(source="pk", read_only=True)
    name = serializers.CharField(read_only=True)


class PersonOut(NamedOut):
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    team = NamedOut(read_only=True, allow_null=True)


# Requests and answers


class InProgram(BasePermission):
    """For who works in the program, as the pages are (`team.access.only_if`); else 403."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, User) and user.works_leads


class InProgramToWrite(InProgram):
    """Everybody may read what they see; writing is for who works in the program."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        is_read = request.method in SAFE_METHODS and bool(request.user.is_authenticated)
        return is_read or super().has_permission(request, view)


class Json(JSONParser):
    """JSON, but none nested so deep that reading it exhausts the stack, nor halves of characters.

    A lone surrogate ("\\ud83d") can be read, but neither stored nor said again.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            parsed = super().parse(stream, media_type, parser_context)
            json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError:
            raise exceptions.ParseError(_("This is nested too deep.")) from None
        except UnicodeEncodeError:
            raise exceptions.ParseError(_("There is half a character in this.")) from None
        return parsed


class Resource(APIView):
    """A view of the API; the person asking is `self.user`, the instant of the request `self.now`."""

    parser_classes = [Json]
    request: Request

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now = timezone.now()

    @property
    def user(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user

    def said(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        """The body, checked; refuses (ValidationError of REST framework, 400) what is not in order."""
        form = serializer(data=self.request.data, context={"user": self.user})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def asked(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        """The query, checked like a body: a misspelled filter is refused, not ignored."""
        form = serializer(data=self.request.query_params.dict(), context={"user": self.user})
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def once(self, make: Callable[[], Made], known: models.QuerySet[Made]) -> Made:
        """What `make` makes, or what an earlier request with the same Idempotency-Key made.

        `known`: where that is looked for, as far as the person may see it. Requests with the same
        key take turns; one that fails leaves the key free. Refuses (KeyReused) another body.
        """
        key = idempotency_key(self.request)
        if key is None:
            return make()
        with transaction.atomic():
            asked, is_new = KeyedRequest.objects.get_or_create(
                by=self.user,
                key=key,
                defaults={"fingerprint": fingerprint(self.request), "asked_at": self.now},
            )
            if is_new:
                made = make()
                KeyedRequest.objects.filter(pk=asked.pk).update(made_id=made.pk)
                return made
        if asked.fingerprint != fingerprint(self.request):
            raise KeyReused(_("This Idempotency-Key was used for another request."))
        return found(known, asked.made_id)


def found(known: models.QuerySet[Made], pk: int | None) -> Made:
    """The row, for who may see it; everybody else learns nothing (404)."""
    row = known.filter(pk=pk).first()
    if row is None:
        raise exceptions.NotFound
    return row


def created(serializer: type[serializers.BaseSerializer], made: Any) -> Response:
    return Response(serializer(made).data, status=status.HTTP_201_CREATED)


def idempotency_key(request: Request) -> uuid.UUID | None:
    """The key in the header, if any; refuses (400) one that is no UUID."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise serializers.ValidationError(
            {"Idempotency-Key": [_("An Idempotency-Key is a UUID.")]}
        ) from None


def fingerprint(request: Request) -> str:
    """A keyed hash of method, address and body: enough to tell another request from the same."""
    body = {name: _plain(value) for name, value in request.data.items()}
    asked = json.dumps([request.method, request.path, body], sort_keys=True, default=str)
    return salted_hmac("team.api.fingerprint", asked, algorithm="sha256").hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, UploadedFile):
        content = hashlib.sha256()
        for chunk in value.chunks():
            content.update(chunk)
        value.seek(0)
        return content.hexdigest()
    return value


# Pages


class PageQuery(Strict):
    """Lists begin with the newest row; `next` in the answer holds the cursor of the next page."""

    cursor = serializers.IntegerField(
        required=False, min_value=1, help_text=gettext_lazy("As the last page’s `next` says")
    )


class Slice(NamedTuple):
    rows: list[Any]
    next: str | None


def newest_first(request: Request, rows: models.QuerySet, cursor: int | None) -> Slice:
    """One page of the rows, the last made first: no counting, no skipping."""
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    return page_from(request, list(rows.order_by("-pk")[: PAGE + 1]), lambda last: last.pk)


def page_from(
    request: Request, rows: list[Any], cursor_after: Callable[[Any], Any], size: int = PAGE
) -> Slice:
    """A page of rows, of which one more than `size` was fetched, and the address of the next."""
    page = rows[:size]
    if len(rows) <= size:
        return Slice(page, None)
    here = request.build_absolute_uri()
    return Slice(page, replace_query_param(here, "cursor", cursor_after(page[-1])))


def page_answer(serializer: type[serializers.BaseSerializer], page: Slice) -> Response:
    return Response({"next": page.next, "results": serializer(page.rows, many=True).data})


@cache
def page_of(item: type[serializers.BaseSerializer], name: str) -> serializers.Serializer:
    """The shape of a page, for the schema."""
    return inline_serializer(
        name=f"{name}Page",
        fields={
            "next": serializers.URLField(
                allow_null=True, help_text=gettext_lazy("The address of the next page, if any")
            ),
            "results": item(many=True),
        },
    )


KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    uuid.UUID,
    OpenApiParameter.HEADER,
    description=gettext_lazy("Sent again with the same key, the same request is answered the same"),
)
