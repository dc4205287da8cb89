"""Cadences: their versions, who is enrolled, and the pages to build and fill them."""
