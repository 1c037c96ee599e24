"""Write ``docs/reference`` from the code: ``python docs/generate.py``, or ``--check`` it."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import typer
from pydantic_core import PydanticUndefined

import limner
from limner import errors, plugins
from limner.cli.main import app
from limner.config import Config
from limner.events import readers
from limner.heads import methods, questions
from limner.heads.question import Question
from limner.model import tuning
from limner.training import losses
from limner.training.language import objectives as text_objectives
from limner.training.words import METRICS

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code; `make docs` renews it. -->\n\n"


def modules() -> Iterator[ModuleType]:
    """Go through every module of the package."""
    for found in walk_packages(limner.__path__, "limner."):
        yield import_module(found.name)


def configs() -> list[type[Config]]:
    """Return every group of settings of the package, by where it stands and its name."""
    found = {
        each
        for module in modules()
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, Config) and each is not Config
    }
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def commands() -> list[tuple[str, Any]]:
    """Return every command with its full name, also those of groups."""
    return list(_commands("limner", typer.main.get_command(app)))


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    if not hasattr(command, "commands"):
        yield name, command
        return
    for each in command.list_commands(None):
        yield from _commands(f"{name} {each}", command.commands[each])


def error_classes() -> list[type[errors.LimnerError]]:
    """Return every error of the house, the ancestor first."""
    known = [getattr(errors, name) for name in errors.__all__]
    return sorted(known, key=lambda each: (each is not errors.LimnerError, each.__name__))


def plain(text: str | None) -> str:
    """Return a docstring as Markdown: roles become code, numpydoc headings become bold words."""
    text = inspect.cleandoc(text or "")
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([\w]+)`", r"`\1`", text)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    return re.sub(r"(?m)^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text)


def first(text: str | None) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(plain(text).split("\n\n")[0].split())


def cell(text: object) -> str:
    """Return text that cannot break a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    lines += [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def type_name(hint: object) -> str:
    """Return how a type is written."""
    text = hint.__name__ if inspect.isclass(hint) and not hasattr(hint, "__args__") else str(hint)
    return re.sub(r"\b(?:typing|datetime|collections\.abc|limner\.[\w.]+)\.", "", text)


def settings_rows(config: type[Config]) -> list[tuple[object, ...]]:
    """Return name, type, default and meaning of every setting of a group."""
    rows: list[tuple[object, ...]] = []
    for name, info in config.model_fields.items():
        if info.default_factory is not None:
            default = info.get_default(call_default_factory=True, validated_data={})
        else:
            default = info.default
        told = "required" if default is PydanticUndefined else f"`{default!r}`"
        if isinstance(default, Config):
            told = f"see {type(default).__name__}"
        limits = "; ".join(str(each) for each in info.metadata if type(each).__name__ in _LIMITS)
        meaning = plain(info.description)
        rows.append((f"`{name}`", f"`{type_name(info.annotation)}`", told, meaning, limits))
    return rows


_SETTING = ("setting", "type", "default", "meaning", "limits")
_LIMITS = {"Ge", "Gt", "Le", "Lt", "MinLen", "MaxLen"}


def api() -> str:
    """Return the page of the Python face."""
    parts = [NOTE, "# Python\n\n", "```python\nimport limner as lm\n```\n\n"]
    parts.append(
        "`import limner` is light: each of these names is imported when it is first used.\n"
    )
    for name in limner.__all__:
        thing = getattr(limner, name)
        parts.append(f"\n## {name}\n\n")
        if inspect.isclass(thing):
            parts.append(f"{plain(thing.__doc__)}\n")
            parts += _members(thing)
        else:
            parts.append(f"```python\n{name}{_signature(thing)}\n```\n\n{plain(thing.__doc__)}\n")
    return "".join(parts)


def _members(kind: type) -> list[str]:
    parts = []
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, classmethod):
            member = member.__func__  # noqa: PLW2901 - what it wraps
        if inspect.isfunction(member):
            parts.append(f"\n### {kind.__name__}.{name}\n\n")
            parts.append(f"```python\n{name}{_signature(member)}\n```\n\n{plain(member.__doc__)}\n")
        elif (told := getattr(member, "__doc__", None)) and isinstance(member, _PROPERTIES):
            parts.append(f"\n### {kind.__name__}.{name}\n\n{plain(told)}\n")
    return parts


_PROPERTIES = (property, type(Config.model_fields), __import__("functools").cached_property)


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    kept = [
        each.replace(annotation=_quiet(each.annotation))
        for name, each in signature.parameters.items()
        if name not in ("self", "cls")
    ]
    text = str(
        signature.replace(parameters=kept, return_annotation=_quiet(signature.return_annotation))
    )
    text = re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)
    return text.replace("'", "")


def _quiet(annotation: object) -> object:
    if annotation is inspect.Signature.empty or isinstance(annotation, str):
        return annotation
    return type_name(annotation)


def cli() -> str:
    """Return the page of the commands."""
    parts = [
        NOTE,
        "# Commands\n\n",
        "Results go to stdout, everything else that is for people to stderr; with `--json` stdout"
        " holds JSON and nothing else. Progress is drawn on a terminal only.\n\n",
        table(
            ("exit code", "means"),
            [
                (0, "done"),
                (1, "a fault of Limner's own; please report it"),
                (2, "a mistake in what was asked: one line says what, a second what mends it"),
                (130, "stopped by Ctrl-C; whatever was finished before is whole"),
            ],
        ),
    ]
    for name, command in commands():
        parts.append(f"\n## {name}\n\n{plain(command.help)}\n\n")
        rows: list[tuple[object, ...]] = []
        for each in command.params:
            if each.name == "help":
                continue
            names = " ".join(f"`{one}`" for one in each.opts) if each.opts else ""
            if each.param_type_name == "argument":
                names = f"`{each.metavar or each.name}`"
            elif each.bare_type() != "bool":
                names += f" `{each.metavar or type_of(each)}`"
            default = each.default
            told = "" if default in (None, False, ()) or callable(default) else f"`{default}`"
            rows.append((names, plain(each.help), "required" if each.required else told))
        parts.append(table(("option", "meaning", "default"), rows))
    return "".join(parts)


def type_of(option: Any) -> str:  # noqa: ANN401 - whatever the command line library says
    """Return what an option takes: its choices, or the name of its type in capitals."""
    told = option.bare_type()
    return told.replace("|", " or ") if "|" in told else told.upper()


def config() -> str:
    """Return the page of all settings."""
    parts = [
        NOTE,
        "# Settings\n\n",
        "A workspace has one file, `limner.toml`. `limner init` writes one that explains itself; an"
        " unknown name or a value out of range is an error that says where it stands."
        " Its tables:\n\n",
        table(("table", "group of settings"), [(f"`{name}`", group) for name, group in _TABLES]),
    ]
    for group in configs():
        if issubclass(group, Question) and group is not Question:
            continue
        parts.append(f"\n## {group.__name__}\n\n{plain(group.__doc__)}\n\n")
        rows = settings_rows(group)
        parts.append(table(_SETTING, rows))
    return "".join(parts)


def _by_name(folder: ModuleType, setting: str) -> str:
    """Return which group it is for each name of a setting."""
    named = (f"{kind.__name__} of `{name}`" for name, kind in plugins.load_all(folder))
    return f"by `{setting}`: {', '.join(named)}"


_TABLES = (
    ("[shop]", "Shop"),
    ("[[sources]]", "SourceSettings"),
    ("[log]", "LogSettings"),
    ("[cleaning]", "CleaningConfig"),
    ("[questions.NAME]", "Question; see also [questions](questions.md)"),
    ("[profiles]", "PortraitConfig"),
    ("[identity]", "IdentityConfig"),
    ("[fit]", "FitSettings"),
    ("[evaluate]", "EvaluateSettings"),
    ("[model]", "BehaviourConfig"),
    ("[pretrain]", "PretrainConfig"),
    ("[pretrain.next_items]", "ItemLossConfig"),
    ("[finetune]", "FinetuneConfig"),
    ("[finetune.loop]", "LoopConfig"),
    ("[finetune.adversary]", "AdversaryConfig"),
    ("[finetune.tuning]", _by_name(tuning, "method")),
    ("[finetune.loss_settings]", _by_name(losses, "loss")),
    ("[text]", "TextSettings"),
    ("[image]", "ImageSettings"),
    ("[text.block]", "TextConfig"),
    ("[vision]", "PictureTuneConfig"),
    ("[vision.loop]", "LoopConfig"),
    ("[vision.tuning]", _by_name(tuning, "method")),
    ("[vision.text]", "TextFinetuneConfig"),
    ("[vision.pretrain]", "ContrastConfig"),
    ("[vision.pretrain.loop]", "LoopConfig"),
    ("[vision.pretrain.tuning]", _by_name(tuning, "method")),
    ("[language]", "TextFinetuneConfig"),
    ("[language.loop]", "LoopConfig"),
    ("[language.pretrain]", "TextPretrainConfig"),
    ("[language.pretrain.loop]", "LoopConfig"),
    ("[language.pretrain.build]", "BuildConfig"),
    ("[language.pretrain.objective_settings]", _by_name(text_objectives, "objective")),
    ("[language.adversary]", "AdversaryConfig"),
    ("[language.few_shot]", "FewShotConfig"),
    ("[language.words_settings]", "WordsConfig"),
    ("[language.directions]", "DirectionsConfig"),
    ("[language.tuning]", _by_name(tuning, "method")),
    ("[language.loss_settings]", _by_name(losses, "loss")),
    ("[serve]", "ServeConfig"),
    ("[worker]", "WorkerConfig"),
    ("[engine]", "EngineSettings"),
    ("[[source]] of a mapping file", "Mapping and Options"),
)


def errors_page() -> str:
    """Return the page of the errors."""
    rows: list[tuple[object, ...]] = []
    for each in error_classes():
        also = [base.__name__ for base in each.__bases__ if base.__module__ == "builtins"]
        rows.append(
            (f"`{each.__name__}`", ", ".join(f"`{name}`" for name in also), first(each.__doc__))
        )
    return (
        NOTE
        + "# Errors\n\nEvery error says in one sentence what was expected and what came, and has a"
        " `hint` that mends it. All are `LimnerError`, and also the builtin error that they really"
        " are. On the command line each is exit code 2.\n\n"
        + table(("error", "is also", "means"), rows)
    )


def questions_page() -> str:
    """Return the page of questions, methods and metrics."""
    parts = [
        NOTE,
        "# Questions\n\nA question has one of five shapes: `whether`, `how_many`, `how_much`,"
        " `which`, `what_next`. Its labels come from the log itself. A shop asks its own in"
        " `limner.toml`:\n\n"
        '```toml\n[questions.fish_soon]\nshape = "whether"\nhorizon_days = 7\n'
        'where = { department = ["SEAFOOD"] }\n\n[questions.long_churn]\nlike = "churn"\n'
        "horizon_days = 60\n```\n\n## Built in\n\n",
    ]
    rows: list[tuple[object, ...]] = []
    for name, kind in plugins.load_all(questions):
        asked = kind()
        own = [each for each in kind.model_fields if getattr(asked, each) != _common(each)]
        told = ", ".join(f"{each} = {getattr(asked, each)!r}" for each in own if each != "shape")
        rows.append((f"`{name}`", asked.shape, first(kind.__doc__), f"`{told}`" if told else ""))
    parts.append(table(("question", "shape", "asks", "settings of its own"), rows))
    parts.append("\n## Settings\n\n")
    parts.append(
        table(("setting", "type", "default", "meaning", "limits"), settings_rows(Question))
    )
    parts.append("\n## Methods that answer them\n\n")
    parts.append(
        table(
            ("method", "shapes", "how"),
            [
                (f"`{name}`", ", ".join(sorted(kind.shapes)), first(kind.__doc__))
                for name, kind in plugins.load_all(methods)
            ],
        )
    )
    parts.append("\n## Metrics\n\n")
    parts.append(
        table(
            ("metric", "is called"),
            [
                (f"`{name}`", words if isinstance(words, str) else " / ".join(words))
                for name, words in METRICS.items()
            ],
        )
    )
    return "".join(parts)


def _common(name: str) -> object:
    """Return what a question has where it says nothing of its own."""
    return Question.model_fields[name].get_default(call_default_factory=True, validated_data={})


def readers_page() -> str:
    """Return the page of the readers."""
    parts = [
        NOTE,
        "# Readers\n\nEach kind of source has a reader. `limner doctor FILE` says which one takes a"
        " file, and what is wrong with it.\n",
    ]
    for name, kind in plugins.load_all(readers):
        parts.append(f"\n## {name}\n\n{plain(kind.__doc__)}\n")
        caption = sys.modules[kind.__module__].__doc__
        parts.append(f"\n{plain(caption)}\n")
    return "".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api,
    "cli.md": cli,
    "config.md": config,
    "errors.md": errors_page,
    "questions.md": questions_page,
    "readers.md": readers_page,
}


def outdated() -> list[str]:
    """Return the names of the pages that do not say what the code says."""
    return [
        name
        for name, write in PAGES.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != write()
    ]


def main() -> None:
    """Write all pages, or with ``--check`` say which are out of date."""
    if "--check" in sys.argv:
        old = outdated()
        if old:
            sys.exit(
                f"docs/reference is not what the code says: {', '.join(old)}\n  hint: make docs"
            )
        return
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
