"""A specialist away: what is due with them is covered, waits, or moves; at their return nothing piles up."""
