"""The engine: planned touches claimed when due, asked again, sent, and accounted for."""
