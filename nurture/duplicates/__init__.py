"""Merging leads, people and companies with all their touches, and the pages of it."""
