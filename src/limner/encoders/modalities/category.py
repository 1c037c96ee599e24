"""Names as learned vectors: kind, item, department, category and brand."""

from limner.dataset.vocabulary import FIELDS
from limner.encoders.field_table import FieldTable
from limner.encoders.modality import Known

__all__ = ["CategoryModality"]


class CategoryModality(FieldTable):
    """A vector for each number of each name.

    An item never seen so has its category's and its brand's vectors on its first day.

    Parameters
    ----------
    known
        How many numbers each field has.
    width
        Length of a vector, D.
    """

    def __init__(self, known: Known, width: int) -> None:
        super().__init__(known, width, fields=FIELDS)
