"""Brings files of leads in: checked, told apart, filed as a whole or not at all, and undone."""
