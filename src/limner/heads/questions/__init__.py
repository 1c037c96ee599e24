"""The questions that are built in, one file each."""
