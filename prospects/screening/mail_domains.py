"""The domains of email addresses: which are known, and which of them take no mail.

DNS is asked by a tick (prospects.screening.name_servers): an import or a form waits for no name server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from prospects.imports.statements import fetch
from prospects.models import MailDomain


def note_mail_domains(contacts: Sequence[int]) -> dict[int, datetime]:
    """Remember the domains of these people's addresses, to be asked; two statements for any number.

    Call it in the transaction that wrote them. Whose domain is known to take no mail has no valid
    address from then on; they are returned, with the instant since when that is known.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO prospects_maildomain (name, ask_at, silent)
            SELECT DISTINCT split_part(email_key, '@', 2), now(), 0
              FROM prospects_contact WHERE id = ANY(%s) AND email_key <> ''
                ON CONFLICT DO NOTHING
            """,
            [list(contacts)],
        )
    dead = fetch(
        """
        UPDATE prospects_contact AS contact SET email_invalid_at = domain.asked_at
          FROM prospects_maildomain AS domain
         WHERE contact.id = ANY(%(people)s) AND contact.email_invalid_at IS NULL
           AND domain.name = split_part(contact.email_key, '@', 2) AND NOT domain.takes_mail
        RETURNING contact.id, contact.email_invalid_at
        """,
        {"people": list(contacts)},
    )
    return dict(dead)


def dead_domains() -> frozenset[str]:
    """The domains that are known to take no mail."""
    return frozenset(MailDomain.objects.filter(takes_mail=False).values_list("pk", flat=True))
