"""The named blocks of a profile that are learned, one file each."""
