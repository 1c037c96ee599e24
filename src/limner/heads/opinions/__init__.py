"""Reading what customers wrote: how they feel, about what, in which language."""
