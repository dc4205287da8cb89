"""Inquiries taken in: the page strangers see, the door for programs, what was kept aside."""
