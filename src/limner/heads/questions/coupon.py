"""Will this customer redeem a coupon?"""

from limner.heads.answers import Shape
from limner.heads.question import Question

__all__ = ["Coupon"]


class Coupon(Question):
    """The probability that a customer redeems a coupon within the horizon."""

    shape: Shape = "whether"
    event: tuple[str, ...] = ("redeem",)
