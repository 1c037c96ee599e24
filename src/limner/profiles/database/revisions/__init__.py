"""How the tables became what they are: one file a step, applied in the order of their numbers."""
