"""When and on what ground people may be contacted: the organisation's own limits, and the rules of each place."""
