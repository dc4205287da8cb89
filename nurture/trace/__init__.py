"""Why, and why not: how each planned touch fared, what is asked of it now, and what comes next."""
