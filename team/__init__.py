"""The organisation: who works here, in which team, with which calendar and settings."""
