"""The wiring: settings, URLs, Celery, health and logs. It may import every app; no app imports it."""

from leadflow.celery import app as celery_app

__all__ = ["celery_app"]
