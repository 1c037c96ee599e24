"""The folder is the list: each file holds one plug-in, its one public name."""

import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from limner.errors import UnknownPlugin

__all__ = ["load", "load_all", "names"]


def names(package: ModuleType) -> list[str]:
    """Return the names of all plug-ins of a folder, and of other packages' entry points, sorted.

    A file whose name begins with an underscore is no plug-in.
    """
    own = {found.name for found in iter_modules(package.__path__) if not found.name.startswith("_")}
    return sorted(own | {entry.name for entry in _joining(package)})


def load(package: ModuleType, name: str) -> Any:  # noqa: ANN401 - the caller knows the protocol
    """Return the one public name of ``package/name.py``, or another package's entry point.

    Raises
    ------
    UnknownPlugin
        If there is neither; the message lists what there is.
    """
    known = names(package)
    if name not in known:
        raise UnknownPlugin(package.__name__, name, known)
    for entry in _joining(package):
        if entry.name == name:
            return entry.load()
    module = import_module(f"{package.__name__}.{name}")
    (only,) = module.__all__
    return getattr(module, only)


def load_all(package: ModuleType) -> Iterator[tuple[str, Any]]:
    """Go through all plug-ins of a folder: name and public object, in the order of names."""
    for name in names(package):
        yield name, load(package, name)


def _joining(package: ModuleType) -> list[EntryPoint]:
    """Return what other packages add to a folder."""
    return _of_group(package.__name__, tuple(sys.path))


@cache
def _of_group(group: str, _: tuple[str, ...]) -> list[EntryPoint]:
    """Return a group's entry points; looking through all packages on the path takes its time."""
    return list(entry_points(group=group))
