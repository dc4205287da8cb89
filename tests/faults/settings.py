"""The settings of the injector: the product's own, on a PostgreSQL and a Redis that it may crash."""

import os
from pathlib import Path

os.environ.setdefault("EMBEDDED", "test")
os.environ.setdefault("LOG_LEVEL", "ERROR")

from leadflow.embedded import Postgres, Redis, home
from leadflow.settings import *  # noqa: F403
from leadflow.settings import BASE_DIR, CACHES, DATABASES

FAULTS_FOLDER = Path(os.environ.get("FAULTS_FOLDER", BASE_DIR / "var" / "faults"))


class QuietPostgres(Postgres):
    """Its log says "terminated by another process" all the time, into a file."""

    def command(self) -> list[str]:
        return [*super().command(), "-c", "logging_collector=on", "-c", "shared_buffers=64MB"]


POSTGRES = QuietPostgres(home(FAULTS_FOLDER) / "postgres", durable=True)
REDIS = Redis(home(FAULTS_FOLDER) / "redis")
EMBEDDED_SERVICES = []  # the injector holds them itself
DATABASES["default"] |= {"PASSWORD": "", "PORT": "", **POSTGRES.settings()}
REDIS_URL = REDIS.url()
CACHES["default"]["LOCATION"] = REDIS_URL
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
