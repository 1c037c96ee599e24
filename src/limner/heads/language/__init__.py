"""What is asked of a text, and the heads that answer by its words."""
