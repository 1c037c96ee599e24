"""The card of a behaviour model: of what data, of which dates, how good, and where it ends."""

from collections.abc import Mapping
from typing import Any

from limner.model.behaviour import BehaviourModel

__all__ = ["card"]

_SECTIONS = {
    "Data": ("shop", "about", "log", "customers", "events", "category_steps"),
    "Dates": ("first", "last", "cut"),
    "Numbers": ("steps", "best_step", "stopped", "seconds", "loss", "examination", "volume"),
}
"""Which facts stand under which heading; all others stand under the last, how it was made."""


def card(model: BehaviourModel, facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    model
        Whose card it is.
    facts
        Names and values. Known names are ``shop``, ``about``, ``log`` (its fingerprint),
        ``customers``, ``events``, ``category_steps``; ``first``, ``last`` and ``cut``; ``steps``,
        ``best_step``, ``stopped``, ``seconds``, ``loss`` of the last steps, ``examination``, the
        loss of customers who never teach, and ``volume``, by what typical amounts are multiplied.
    """
    weights = sum(each.numel() for each in model.parameters())
    placed = {name for names in _SECTIONS.values() for name in names}
    rest = tuple(name for name in facts if name not in placed)
    parts = [
        _section(title, {name: facts[name] for name in names if name in facts})
        for title, names in (*_SECTIONS.items(), ("How it was made", rest))
    ]
    return f"""# Behaviour model

It reads what customers did, {model.config.longest} visits back at most, and gives each a vector of
{model.config.width} numbers and a score for {model.classes} categories. It has {weights:,} weights.
It learned from the log alone, without a label.

{"".join(parts)}## Limits

- It knows nothing from the cut on, and must not be asked who somebody was before the cut: it has
  learned from what they did then.
- What it says of customers with few visits rests on little; see the slices of `limner evaluate`.
- Its probabilities are those of its own time. When the shop changes, let it learn again.
- An item that its catalogue lacks is known by a shared number alone; a new item has the vectors of
  its category and brand.
- Vectors of two versions cannot be compared; whatever learns from them has to learn again.
- It was not made to judge people: whoever decides about somebody by it should look at what it read.
"""


def _section(title: str, facts: Mapping[str, Any]) -> str:
    if not facts:
        return ""
    rows = "\n".join(f"| {name} | {_shown(value)} |" for name, value in facts.items())
    return f"## {title}\n\n| | |\n| --- | --- |\n{rows}\n\n"


def _shown(value: Any) -> str:  # noqa: ANN401 - facts are whatever was told
    """Return a value on one line, a table as its entries."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_shown(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_shown(each) for each in value)
    return " ".join(str(value).split()).replace("|", "\\|")
