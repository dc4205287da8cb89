"""Which raw leads are worth a specialist's time, what a person decides of doubts, and the rules of it."""
