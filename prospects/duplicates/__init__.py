"""Records that may be one: found when they are written, decided by a person, merged, taken apart."""
