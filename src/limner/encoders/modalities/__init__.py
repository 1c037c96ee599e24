"""The ways to read one aspect of an event, one file each."""
