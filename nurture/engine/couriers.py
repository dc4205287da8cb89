"""Which way messages leave, by the settings: the provider's API where one is named, else SMTP."""

from __future__ import annotations

from django.conf import settings

from nurture.engine.channels import Courier, SmtpCourier
from nurture.engine.provider import ProviderCourier


def can_send() -> bool:
    """Whether anything is sent by machine at all."""
    return bool(settings.EMAIL_PROVIDER or settings.EMAIL_HOST)


def couriers_of_settings() -> list[Courier]:
    """MAIL_CONNECTIONS of them; none where nothing is sent by machine."""
    if not can_send():
        return []
    way = ProviderCourier if settings.EMAIL_PROVIDER else SmtpCourier
    return [way() for _number in range(settings.MAIL_CONNECTIONS)]
