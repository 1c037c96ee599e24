"""The ways to carry what happened from event to event, one file each."""
