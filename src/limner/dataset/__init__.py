"""What the model reads: codes, cuts in time, aggregates, histories and labels."""
