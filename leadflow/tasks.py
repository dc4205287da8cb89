"""The heartbeat: shows that beat, broker and worker together still move."""

from celery import shared_task
from django.utils import timezone

from leadflow import health


@shared_task
def tick() -> None:
    health.record_tick(timezone.now())
