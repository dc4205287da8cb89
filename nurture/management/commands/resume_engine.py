"""`manage.py resume_engine --by EMAIL --why WORDS`: lets what was paused go on."""

from nurture.engine import running
from nurture.management.switching import SwitchCommand


class Command(SwitchCommand):
    help = "Lets everything go on, or the mail alone; what missed its time is spread out."
    turn = staticmethod(running.resume)
    done = "It goes on."
