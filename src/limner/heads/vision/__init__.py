"""Answers about pictures."""
