"""The settings of the tests: the product's own, on a database and a Redis of their own.

Several runs may go on at once in one checkout: each claims a free slot, and its database and Redis
are those of the slot. What a run starts (a Celery worker, say) inherits the slot and its database.
"""

import fcntl
import os
from pathlib import Path

os.environ.setdefault("EMBEDDED", "test")

from leadflow.embedded import Redis
from leadflow.settings import *  # noqa: F403
from leadflow.settings import (
    BASE_DIR,
    CACHES,
    DATABASES,
    EMBEDDED_SERVICES,
    INSTALLED_APPS,
    REDIS_URL,
)

SLOTS = 16  # as many as Redis has databases


def _claim_slot(folder: Path) -> str:
    """The number of a slot, held by a lock until this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(SLOTS):
        descriptor = os.open(folder / str(number), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return str(number)
    message = f"{SLOTS} test runs are going on already in {BASE_DIR}; wait for one to end."
    raise RuntimeError(message)


SLOT = os.environ.get("TEST_SLOT") or _claim_slot(BASE_DIR / "var" / "slots")
TEST_DATABASE = f"test_leadflow_{SLOT}"
DATABASES["default"]["TEST"] = {"NAME": TEST_DATABASE}
if "TEST_SLOT" in os.environ:
    DATABASES["default"]["NAME"] = TEST_DATABASE
os.environ["TEST_SLOT"] = SLOT

for server in EMBEDDED_SERVICES:
    if isinstance(server, Redis):
        REDIS_URL = server.url(database=int(SLOT))
CACHES["default"]["LOCATION"] = REDIS_URL
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)

# Hashing slowly is the point of the product's hashers, and no test's.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files come from where they are written, with nothing collected first.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
# Reports are counted anew each time.
REPORT_SHARE = 1.0

# One after the other, in the thread and the transaction of the test.
MAIL_CONNECTIONS = int(os.environ.get("MAIL_CONNECTIONS", "1"))

# For `make check`: refuses a migration that the code still running before it could not bear.
INSTALLED_APPS += ["django_migration_linter"]
MIGRATION_LINTER_OPTIONS = {
    "exclude_apps": ["knox"],  # another project's, and long behind us
    "no_cache": True,
    "project_root_path": BASE_DIR,
    "quiet": ["ok", "ignore"],
}
