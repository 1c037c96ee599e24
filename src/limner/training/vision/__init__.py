"""How vision models learn what is asked of a shop's pictures."""
