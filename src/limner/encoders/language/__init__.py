"""What a text looks like: pretrained language models, and the words themselves."""
