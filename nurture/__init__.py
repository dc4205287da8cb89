"""WHEN: touches and connect attempts, promises, what to do next, and whether a person may be contacted."""
