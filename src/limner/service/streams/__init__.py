"""Where events stream from: one file a broker."""
