"""Words of items as learned vectors: one for each typical title that an item's is like."""

from limner.encoders.field_table import FieldTable
from limner.encoders.modality import Known

__all__ = ["TextModality"]


class TextModality(FieldTable):
    """A vector for each typical one that an item's words are like.

    It is known of an item on its first day, and shared with the items that are alike; see
    :class:`~limner.dataset.codebook.Codebook`.

    Parameters
    ----------
    known
        Its vocabulary has a codebook ``text``.
    width
        Length of a vector, D.
    """

    def __init__(self, known: Known, width: int) -> None:
        super().__init__(known, width, fields=known.vocabulary.steps("text"))
