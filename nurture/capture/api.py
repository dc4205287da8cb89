"""The door for programs: inquiries of one form's source, with a key of that form (decision 41)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nurture.capture.inquiries import Consent, receive_inquiry
from prospects.capture.actions import hash_of_key
from prospects.capture.inquiry import LONGEST, digest_of, doubts_of_words
from prospects.models import Asked, Inquiry, WebForm
from team.api import KEY_HEADER, Instant, KeyReused, Resource, Strict, created, idempotency_key
from team.throttling import Limit

MOST_BYTES = 64 * 1024
OF_KEY = Limit("inquiries by key", "6000/minute")


class TooLong(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("An inquiry has 64 KB at most.")


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Key lfk_…`, as the settings of a form make it: for that form and nothing else."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, WebForm] | None:
        kind, _space, key = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"key":
            return None
        forms = WebForm.objects.open().filter(key_ends_at__gt=timezone.now())
        hashed = hash_of_key(key.decode("latin-1").strip())
        form = forms.filter(key_hash=hashed).select_related("source", "team").first()
        if form is None:
            raise exceptions.AuthenticationFailed(_("This key opens nothing, or has ended."))
        return AnonymousUser(), form

    def authenticate_header(self, request: Request) -> str:
        return "Key"


class HasKey(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WebForm)


def _words(asked: Asked) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=LONGEST[asked])


class InquiryIn(Strict):
    """What somebody asked, as they typed it; a wrong address is kept, and screening tells it."""

    name = _words(Asked.NAME)
    company = _words(Asked.COMPANY)
    title = _words(Asked.TITLE)
    email = _words(Asked.EMAIL)
    phone = _words(Asked.PHONE)
    country = _words(Asked.COUNTRY)
    city = _words(Asked.CITY)
    website = _words(Asked.WEBSITE)
    message = _words(Asked.MESSAGE)
    page = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=500,
        help_text=gettext_lazy("The address of the page they were on"),
    )
    consent_words = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=1000,
        help_text=gettext_lazy("The words they agreed to, if they did"),
    )


class InquiryOut(serializers.Serializer):
    """That it was received; nothing of who is known already."""

    id = serializers.IntegerField(source="pk", read_only=True)
    received_at = Instant(read_only=True)


class InquiryList(Resource):
    authentication_classes = [KeyAuthentication]
    permission_classes = [HasKey]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLong
        if not OF_KEY.allows(str(request.auth.pk)):
            raise exceptions.Throttled(OF_KEY.seconds)

    @extend_schema(request=InquiryIn, responses={201: InquiryOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Takes in what somebody asked on a page or in a program of yours.

        Screened like the form itself: a new lead, or a touch of the lead they have; the answer is the
        same. The same request again, by its key or within a day, is answered the same.
        """
        body = InquiryIn(data=request.data)
        body.is_valid(raise_exception=True)
        sent = dict(body.validated_data)
        page, agreed = sent.pop("page"), sent.pop("consent_words")
        said = {name: value for name, value in sent.items() if value.strip()}
        if not said.keys() & {Asked.NAME, Asked.COMPANY, Asked.EMAIL, Asked.PHONE}:
            raise ValidationError(
                _("Say who asks: a name, a company, an email address or a phone.")
            )
        form = request.auth
        assert isinstance(form, WebForm)
        inquiry = receive_inquiry(
            form=form,
            said=said,
            way=Inquiry.Way.PROGRAM,
            doubts=doubts_of_words(said),
            consent=Consent(given=bool(agreed), words=agreed),
            page=page,
            idempotency_key=idempotency_key(request),
            now=self.now,
        )
        if inquiry.digest != digest_of(form.pk, said):
            raise KeyReused(_("This Idempotency-Key was used for another request."))
        return created(InquiryOut, inquiry)
