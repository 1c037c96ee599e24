"""Who reads what: one file a kind of source, each with one public name."""
