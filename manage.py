#!/usr/bin/env python
"""Django's command line. On the embedded default it first finds or starts PostgreSQL and Redis."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from leadflow.embedded import ServiceError

# These ask nothing of the services.
WITHOUT_SERVICES = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "spectacular",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command not in WITHOUT_SERVICES and not command.startswith("-"):
        try:
            for server in settings.EMBEDDED_SERVICES:
                server.ensure()
        except ServiceError as error:
            sys.exit(f"{error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
