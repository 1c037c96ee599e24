"""What the service answers at: one file a group of addresses."""
