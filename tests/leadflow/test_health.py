"""/healthz, /readyz and /metrics."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leadflow import health, tasks

NOWHERE = "redis://127.0.0.1:1/0"


def test_alive_asks_nothing_of_the_services(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert response.status_code == HTTPStatus.OK


@pytest.mark.django_db
def test_ready_when_the_services_answer_and_the_heart_beats(client: Client) -> None:
    tasks.tick()
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.OK
    answer = response.json()
    assert answer["ready"]
    assert answer["database"]
    assert answer["broker"]
    assert 0 <= answer["last_tick_age"] < 5


@pytest.mark.django_db
def test_not_ready_before_the_first_tick(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["last_tick_age"] is None


@pytest.mark.django_db
def test_not_ready_when_the_heart_stopped(client: Client) -> None:
    health.record_tick(timezone.now() - timedelta(seconds=health.TICK_OVERDUE_SECONDS + 1))
    assert client.get("/readyz").status_code == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.django_db
def test_not_ready_without_the_broker(client: Client, settings) -> None:
    tasks.tick()
    settings.REDIS_URL = NOWHERE
    response = client.get("/readyz")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json() == {
        "ready": False,
        "database": True,
        "broker": False,
        "last_tick_age": None,
    }


def test_not_ready_without_the_database(client: Client, monkeypatch) -> None:
    tasks.tick()
    monkeypatch.setattr(health, "_database_answers", lambda: False)
    assert client.get("/readyz").status_code == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.django_db
def test_metrics_are_gauges(client: Client) -> None:
    tasks.tick()
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    text = response.content.decode()
    assert "leadflow_database_up 1.0" in text
    assert "leadflow_broker_up 1.0" in text
    assert "leadflow_last_tick_age_seconds" in text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(client: Client, path: str) -> None:
    assert client.post(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED
