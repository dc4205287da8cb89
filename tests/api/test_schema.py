"""The API describes itself, completely and without a warning."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from leadflow.api_urls import urlpatterns


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return described


def test_the_schema_is_valid_and_nothing_was_guessed() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_every_address_is_described(schema: dict[str, Any]) -> None:
    addresses = {f"/api/v1/{p.pattern}".replace("<int:pk>", "{id}") for p in urlpatterns}
    addresses = {address.replace("<str:month>", "{month}") for address in addresses}
    assert addresses - set(schema["paths"]) == {"/api/v1/<path:elsewhere>"}


def test_every_operation_says_what_it_takes_and_how_it_refuses(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert "4XX" in operation["responses"], path
            takes_nothing = path.endswith(
                (
                    *("/accept/", "/take-back/", "/confirm/", "/cancel/", "/undo/"),
                    *("/archive/", "/reopen/"),
                    *("/enrolments/{id}/pause/", "/enrolments/{id}/resume/"),
                )
            )
            if method in {"post", "patch", "put"} and not takes_nothing:
                assert operation["requestBody"]["content"], path
            opened_by = "key" if path == "/api/v1/inquiries/" else "token"
            assert {opened_by: []} in operation["security"], path


def test_input_and_output_are_told_apart(schema: dict[str, Any]) -> None:
    parts = schema["components"]["schemas"]
    writable = set(parts["LeadEditIn"]["properties"])
    assert writable == {"version", "horizon", "potential_revenue", "expected_close_on", "note"}
    assert all(field.get("readOnly") for field in parts["LeadOut"]["properties"].values())
