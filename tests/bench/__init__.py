"""Measurements against a floor of the same run: `make bench`. See docs/performance.md."""
