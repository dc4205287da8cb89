"""On what ground people may be contacted, and who must be left alone."""
