"""Tokens for programs that use the API: stored hashed, and they expire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework import exceptions

from team.models import User


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Token …`, as `manage.py create_token` prints it."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, Any]:
        # The database would choke on what cannot be a token at all.
        if not token.isalnum():
            raise exceptions.AuthenticationFailed(_("Invalid token."))
        user, auth_token = super().authenticate_credentials(token)
        return user, auth_token
