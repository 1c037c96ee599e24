"""Ways to make a language model small and fast, one file each."""
