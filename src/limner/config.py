"""What every setting has in common: it is frozen, checked, and a misspelt name is an error."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from limner.errors import BadConfig

__all__ = ["Config"]


class Config(BaseModel):
    """A group of settings. Each field has a default or is required, a unit, and a sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def read(cls, table: Mapping[str, Any], *, where: str = "") -> Self:
        """Check a table, as it comes from a TOML file, and return the settings.

        Parameters
        ----------
        table
            Names and values.
        where
            What to call the table in an error, for instance ``limner.toml [model]``.

        Raises
        ------
        BadConfig
            If a name is unknown or a value out of range; the hint offers the nearest name.
        """
        try:
            return cls.model_validate(dict(table))
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in first["loc"])
            place = f"{where or cls.__name__}: {path}" if path else (where or cls.__name__)
            if first["type"] == "extra_forbidden":
                known = list(cls.model_fields)
                close = get_close_matches(str(first["loc"][-1]), known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                raise BadConfig(f"{place} is not a setting", hint=hint) from None
            told = cls.model_fields.get(str(first["loc"][0])) if first["loc"] else None
            meaning = " ".join((told.description or "").split()) if told is not None else ""
            raise BadConfig(
                f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}",
                hint=f"{first['loc'][0]}: {meaning}" if meaning else "",
            ) from None
