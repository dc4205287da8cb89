"""`manage.py pause_engine --by EMAIL --why WORDS`: nothing goes by itself until somebody lets it."""

from nurture.engine import running
from nurture.management.switching import SwitchCommand


class Command(SwitchCommand):
    help = "Pauses everything that goes by itself, or the mail alone; what is being sent ends."
    turn = staticmethod(running.pause)
    done = "Paused."
