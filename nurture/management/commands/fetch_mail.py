"""`manage.py fetch_mail`: reads the mailbox of IMAP_URL, without any broker."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from nurture.engine.clock import engine_now
from nurture.inbox.mailboxes import account_of, fetch_mail
from nurture.inbox.receiving import settle_uncertain
from nurture.models import Mailbox


class Command(BaseCommand):
    help = "Takes in what is new in the mailbox that IMAP_URL names."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IMAP_URL:
            message = "IMAP_URL is not set: no mailbox is read."
            raise CommandError(message)
        taken = fetch_mail()
        settle_uncertain(now=engine_now())
        mailbox = Mailbox.objects.get(name=account_of(settings.IMAP_URL).name)
        if mailbox.problem:
            raise CommandError(mailbox.problem)
        self.stdout.write(f"{taken} messages.")
