"""Templates: the words of messages and scripts, their versions, preview and test."""
