"""How others reach it: events in over HTTP, profiles out."""
