"""What the behaviour model learns from the log alone, one file each."""
