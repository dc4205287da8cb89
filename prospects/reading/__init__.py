"""Reads files of any kind: rows, headings, cells, and which column is which of our fields."""
