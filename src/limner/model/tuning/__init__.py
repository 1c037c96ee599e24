"""The ways to tune a model for a question, by all of its weights or by few, one file each."""
