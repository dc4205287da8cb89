"""Web forms of sources: what is asked on them, who may be spam, and the settings of it."""
