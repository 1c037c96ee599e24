"""How language models learn: further from a shop's own words, and for what is asked of a text."""
