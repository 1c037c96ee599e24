"""What being wrong costs, one file each."""
