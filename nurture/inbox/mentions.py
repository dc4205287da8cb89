"""The name under which a mail provider keeps our Message-ID with a message, and gives it back."""

MENTION = "leadflow"
