"""The settings of the bench: the product's own, on a database of its own, with the floor's views."""

import os

os.environ.setdefault("EMBEDDED", "test")

from leadflow.settings import *  # noqa: F403
from leadflow.settings import DATABASES

DEBUG = False
DATABASES["default"]["NAME"] = "leadflow_bench"
ROOT_URLCONF = "tests.bench.urls"
CACHES = {
    "default": {
        **CACHES["default"],  # noqa: F405
        "KEY_PREFIX": "leadflow-bench",
    }
}
WHITENOISE_AUTOREFRESH = False
