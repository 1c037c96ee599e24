"""What a language model may learn from texts without a label, one file each."""
