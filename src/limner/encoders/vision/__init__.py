"""What a picture looks like: opened safely, and read by pretrained vision models."""
