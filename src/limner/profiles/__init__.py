"""What we know of each customer: the record, how it is drawn, and where it is kept."""

from limner.profiles.record import Profile
from limner.profiles.store import About, ProfileStore

__all__ = ["About", "Profile", "ProfileStore"]
