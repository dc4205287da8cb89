"""The web server's entry: the one place where a statement may not run for long."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")
# A page answers in milliseconds; imports and migrations, which run elsewhere, may take their time.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_MS", "15000")

application = get_wsgi_application()
