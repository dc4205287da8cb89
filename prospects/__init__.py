"""WHO: companies, contacts, leads and their sources; screening; the ten attributes and the standard."""
