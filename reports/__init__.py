"""WHAT CAME OF IT: the monthly report and the figures behind it."""
