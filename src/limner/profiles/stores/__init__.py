"""Where profiles are kept: one file a store, each with one public name."""
