"""What a shop may ask: one of five shapes, about which deeds, how far ahead, among whom."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from limner import plugins
from limner.config import Config
from limner.dataset.labels import Deeds
from limner.errors import BadConfig
from limner.heads import questions
from limner.heads.answers import Shape

__all__ = ["Question", "read_questions"]


class Question(Config):
    """One question that the log itself can answer once its horizon has passed."""

    shape: Shape
    """``whether``, ``how_many`` (orders), ``how_much`` (money), ``which`` (classes) or
    ``what_next`` (items)."""
    event: tuple[str, ...] = ("purchase",)
    """The kinds of event it speaks of; none means every kind but messages."""
    horizon_days: float = Field(30, gt=0)
    """How far it looks ahead, in days."""
    among_days: float | None = Field(60, gt=0)
    """It is put to customers who did something in so many days before; none: who ever did."""
    active: tuple[str, ...] = ()
    """The kinds of event that count as doing something; none means every kind but messages."""
    nothing: bool = False
    """For ``whether``: ask whether *no* such event happens."""
    of: Literal["category", "department", "brand"] = "category"
    """For ``which``: what the classes are."""
    classes: int = Field(50, ge=2)
    """For ``which``: how many of the commonest classes before the cut are asked about."""
    attribute: str | None = None
    """For ``which``: ask for this customer attribute instead of what happens next."""
    new_days: float | None = Field(None, gt=0)
    """For ``what_next``: offer only items that anybody met first in so many days before the
    moment; none: all."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Narrow the events to items: ``category``, ``department``, ``brand`` or ``item``, each with
    the names allowed."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.nothing and self.shape != "whether":
            raise ValueError(f"nothing = true asks whether; the shape is {self.shape!r}")
        if self.attribute is not None and self.shape != "which":
            raise ValueError(f"an attribute is asked for with shape 'which', not {self.shape!r}")
        if self.new_days is not None and self.shape != "what_next":
            raise ValueError(f"new_days narrows the items of what_next, not of {self.shape!r}")
        strange = set(self.where) - {"category", "department", "brand", "item"}
        if strange:
            raise ValueError(f"where narrows category, department, brand or item, not {strange}")
        return self

    @property
    def unit(self) -> str:
        """What the answer is counted in."""
        return {
            "whether": "probability",
            "how_many": "orders",
            "how_much": "money",
            "which": "probability",
            "what_next": "rank",
        }[self.shape]

    @property
    def deeds(self) -> Deeds:
        """The events that decide the answer."""
        return Deeds(self.event, self.where)


def read_questions(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Question]:
    """Check the ``[questions.NAME]`` tables of a ``limner.toml`` and return the questions.

    A table named like a built-in question, or one that says ``like = "churn"``, starts from that
    question's settings; any other must name its ``shape``.

    Raises
    ------
    BadConfig
        If a setting is unknown, out of range, the shape is missing, or the name cannot be a
        folder's.
    UnknownPlugin
        If ``like`` names no built-in question.
    """
    built_in = plugins.names(questions)
    read: dict[str, Question] = {}
    for name, table in tables.items():
        settings = dict(table)
        like = settings.pop("like", name if name in built_in else None)
        where = f"[questions.{name}]"
        if not name or name.startswith(".") or set(name) & set("/\\:\0"):
            raise BadConfig(
                f"a question's name must do as the name of a folder, got {name!r}",
                hint="use letters, digits, - and _",
            )
        if like is None and "shape" not in settings:
            raise BadConfig(
                f"{where} must name its shape: whether, how_many, how_much, which or what_next",
                hint=f'or start from a built-in question: like = "{built_in[0]}" '
                f"(there are {', '.join(built_in)})",
            )
        kind: type[Question] = plugins.load(questions, like) if like else Question
        read[name] = kind.read(settings, where=where)
    return read
