"""The web server, read by gunicorn from the folder it starts in. Threads, as database connections are
kept per thread and a synchronous Django gains nothing from an event loop."""

import os
from pathlib import Path

from django.conf import settings

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
wsgi_app = "leadflow.wsgi"
# A page never takes that long: PostgreSQL cancels its statements after 15 s.
timeout = 30
graceful_timeout = 10
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat of a worker is a file: on a disk under load it could stall.
MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn unlinks its file at once
worker_tmp_dir = str(MEMORY) if MEMORY.is_dir() else None

control_socket_disable = True

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")
logconfig_dict = {
    **settings.LOGGING,
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"propagate": True},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}
