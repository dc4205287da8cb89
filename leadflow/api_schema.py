"""How the API describes itself (OpenAPI): names of operations, the token, and what a refusal is."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, in words"},
        "errors": {"type": "object", "description": "What is wrong, by field"},
        "known": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "409: the leads of somebody with the address given",
        },
        "current": {"type": "integer", "description": "409: the version that stands now"},
    },
    "required": ["type", "title", "status", "detail"],
}


class Schema(AutoSchema):
    """Operations are called by method and resource: `get_lead_list`, `post_lead_hand_off`."""

    def get_operation_id(self) -> str:
        resource = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()
        return f"{self.method.lower()}_{resource}"

    def get_summary(self) -> str:
        return super().get_description().split("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """What the docstring says beyond its first line, which is the summary."""
        return "\n".join(super().get_description().split("\n")[1:]).strip()

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/", 1)[0]]


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """`Authorization: Token …`"""

    target_class = "team.tokens.TokenAuthentication"
    name = "token"


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Key …`, of one web form."""

    target_class = "nurture.capture.api.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'Key-based authentication with required prefix "Key"',
        }


def describe_problems(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation may answer 4XX with problem details."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    answer = {
        "description": "Refused: 400 out of order, 401 who are you, 403 not for you, 404 nothing here,"
        " 409 too late, 422 against the rules, 429 too often.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["4XX"] = answer
    return result
