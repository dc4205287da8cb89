"""Filling cadences: by rule or many leads at once, as many a day as the specialists have room for."""
