"""Who this is: the behaviour model and the profile blocks it makes."""
