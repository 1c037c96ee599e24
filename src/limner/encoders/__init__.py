"""What an event looks like to a model: one encoder a modality, and their sum."""
