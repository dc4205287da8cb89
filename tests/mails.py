"""Messages as mail programs and mail servers write them, about a message of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

AT = datetime(2026, 6, 17, 14, 30, tzinfo=UTC)
OURS = "<7.touch@northwind.example>"
MARIA = "m.lindqvist1@halden1.example"


def reply(
    text: str = "Yes, call me on Thursday.",
    *,
    to: str = OURS,
    sender: str = f"Maria Lindqvist <{MARIA}>",
    subject: str = "Re: Drives at Halden Paper",
    message_id: str = "<CAF1@mail.halden1.example>",
    at: datetime = AT,
    **headers: str,
) -> bytes:
    """A plain answer, with what it answers quoted below; further headers with _ for -."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "Dana Whitfield <program@northwind.example>"
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    if message_id:
        message["Message-ID"] = message_id
    if to:
        message["In-Reply-To"] = to
        message["References"] = f"<older@elsewhere.example> {to}"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(
        f"{text}\n\nOn Mon, Jun 15, 2026 at 9:30 AM Dana Whitfield <program@northwind.example> wrote:\n"
        "> Hello Maria,\n>\n> how do you keep line 3 running?\n"
    )
    return message.as_bytes()


def bounce(
    *,
    to: str = OURS,
    recipient: str = MARIA,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <m.lindqvist1@halden1.example>: Recipient address rejected: User unknown",
    message_id: str = "<20260617143000.AB12@mx.halden1.example>",
) -> bytes:
    """A delivery status notification as Postfix writes it (RFC 3464)."""
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.halden1.example (Mail Delivery System)
To: program@northwind.example
Subject: Undelivered Mail Returned to Sender
Date: Wed, 17 Jun 2026 14:30:00 +0000
Auto-Submitted: auto-replied
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="AB12.1750170600/mx"

This is a MIME-encapsulated message.

--AB12.1750170600/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.halden1.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<{recipient}>: {diagnostic}

--AB12.1750170600/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.halden1.example
X-Postfix-Queue-ID: AB12
Arrival-Date: Wed, 17 Jun 2026 14:29:58 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.halden1.example
Diagnostic-Code: {diagnostic}

--AB12.1750170600/mx
Content-Description: Undelivered Message
Content-Type: message/rfc822

Subject: Drives at Halden Paper
From: Dana Whitfield <program@northwind.example>
To: {recipient}
Message-ID: {to}
MIME-Version: 1.0
Content-Type: text/plain

Hello Maria,

--AB12.1750170600/mx--
""".replace("\n", "\r\n").encode()


def complaint(
    *, to: str = OURS, recipient: str = MARIA, message_id: str = "<arf1@isp.example>"
) -> bytes:
    """A feedback report as large mailbox providers write it (RFC 5965)."""
    return f"""\
From: <abusedesk@isp.example>
Date: Wed, 17 Jun 2026 14:30:00 +0000
Subject: FW: Drives at Halden Paper
To: <program@northwind.example>
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1_13d.2e68ed54"

--part1_13d.2e68ed54
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Wed, 17 Jun 2026 14:00:00 +0000.

--part1_13d.2e68ed54
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <program@northwind.example>
Original-Rcpt-To: <{recipient}>
Arrival-Date: Wed, 17 Jun 2026 14:00:00 +0000

--part1_13d.2e68ed54
Content-Type: message/rfc822
Content-Disposition: inline

From: Dana Whitfield <program@northwind.example>
To: <{recipient}>
Subject: Drives at Halden Paper
Message-ID: {to}

Hello Maria,
--part1_13d.2e68ed54--
""".replace("\n", "\r\n").encode()
