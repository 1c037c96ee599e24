"""What profiles are good for: one file an application."""
