"""From a shop's raw events to a living profile of every customer."""

__version__ = "0.1.0"
