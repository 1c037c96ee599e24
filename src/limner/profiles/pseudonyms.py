"""Names that tell customers apart and not who they are: keyed hashes of their ids."""

import hmac
import re
from typing import final

__all__ = ["PATTERN", "Pseudonyms", "rotation_of"]

PATTERN = r"p[1-9][0-9]{0,5}_[0-9a-f]{32}"
"""How a pseudonym is written: the number of the rotation, and 16 bytes of the hash."""


@final
class Pseudonyms:
    """Names customers by HMAC-SHA256 under a key of the workspace and of a rotation.

    Parameters
    ----------
    pepper
        The secret of the workspace; without it no id can be tried out.
    rotation
        Which key: names of two rotations cannot be told to be one customer's.

    Examples
    --------
    >>> names = Pseudonyms(b"sixteen bytes or more")
    >>> names.of("u42")
    'p1_6578a01021ab83f876342a71565a9f2f'
    """

    def __init__(self, pepper: bytes, *, rotation: int = 1) -> None:
        self.rotation = rotation
        self._key = hmac.digest(pepper, b"limner pseudonym %d" % rotation, "sha256")

    def digest(self, customer_id: str) -> bytes:
        """Return the hash of an id, 16 bytes."""
        told = customer_id.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, told, "sha256")[:16]

    def of(self, customer_id: str) -> str:
        """Return the pseudonym of an id."""
        return f"p{self.rotation}_{self.digest(customer_id).hex()}"


def rotation_of(name: str) -> int | None:
    """Return of which rotation a pseudonym is, none if it is no pseudonym.

    Examples
    --------
    >>> rotation_of("p2_" + "0" * 32), rotation_of("p2_0"), rotation_of("paul")
    (2, None, None)
    """
    if not re.fullmatch(PATTERN, name):
        return None
    return int(name[1 : name.index("_")])
