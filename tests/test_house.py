"""The habits that no linter knows: captions, lengths, a light face, nobody upwards."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import limner
from limner import errors, plugins

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "limner"
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = [file for file in FILES if file.name != "__init__.py"]
FOLDERS = [
    "cli.commands",
    "encoders.modalities",
    "events.readers",
    "heads.methods",
    "heads.questions",
    "model.backbones",
    "model.blocks",
    "profiles.database.revisions",
    "profiles.stores",
    "service.intake",
    "service.routes",
    "service.streams",
    "training.language.compressions",
    "training.language.objectives",
    "training.losses",
    "training.objectives",
]


@cache
def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(text(file))


def names_of(files) -> list[str]:
    return [str(file.relative_to(SOURCE)) for file in files]


def test_a_file_begins_with_its_caption():
    def has_one(file: Path) -> bool:
        caption = (ast.get_docstring(tree(file)) or "").split("\n", 1)[0]
        first = text(file).split("\n", 1)[0].startswith(('"""', 'r"""'))
        return first and 10 <= len(caption) <= 100 and "to be captioned" not in caption.lower()

    assert names_of(file for file in FILES if not has_one(file)) == []


def test_a_file_holds_one_thought():
    assert names_of(file for file in FILES if len(text(file).splitlines()) > 400) == []


def test_a_module_says_what_is_public():
    def says(file: Path) -> bool:
        return any(
            isinstance(target, ast.Name) and target.id == "__all__"
            for node in tree(file).body
            if isinstance(node, ast.Assign)
            for target in node.targets
        )

    assert names_of(file for file in MODULES if not says(file)) == []


def test_annotations_are_not_blinded():
    assert names_of(file for file in FILES if "from __future__" in text(file)) == []


def test_no_environment_variable_steers_it_and_nothing_is_pickled():
    forbidden = re.compile(r"os\.environ|os\.getenv|import pickle|import joblib|import cloudpickle")
    # the allocator that Polars brings can be told how many pools it may have in no other way
    allowed = {"service/memory.py"}
    assert set(names_of(file for file in FILES if forbidden.search(text(file)))) == allowed


@cache
def text_of_tests(room: Path) -> str:
    """Return what the tests of a room say, and those that belong to no room."""
    near = [*room.rglob("test_*.py"), *(ROOT / "tests").glob("test_*.py")]
    return "\n".join(each.read_text(encoding="utf-8") for each in near)


def is_tested(file: Path) -> bool:
    place = file.relative_to(SOURCE)
    if (ROOT / "tests" / place.with_name(f"test_{file.name}")).is_file():
        return True
    *above, own = place.with_suffix("").parts
    dotted = ".".join(["limner", *above])
    said = text_of_tests(ROOT / "tests" / (above[0] if above else ""))
    if ".".join(above) in FOLDERS and re.search(rf"plugins\.\w+\([\w.]*\b{above[-1]}\b", said):
        return True
    names = [re.escape(f"{dotted}.{own}"), rf"from {re.escape(dotted)} import [^\n]*\b{own}\b"]
    return re.search("|".join(names), said) is not None


def test_every_module_has_its_tests():
    """A file of its own, or a neighbour's that imports it, or the contract of its folder."""
    assert names_of(file for file in MODULES if not is_tested(file)) == []


def test_files_that_gather_strangers_have_no_place():
    strangers = {"utils", "helpers", "common", "misc", "base_classes", "tools"}
    assert not [file for file in FILES if file.stem in strangers]


def test_the_face_is_light():
    """In a fresh process: under 0.3 s, and none of the heavy packages."""
    code = (
        "import sys, time; began = time.perf_counter(); import limner;"
        "print(time.perf_counter() - began);"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    seconds = min(float(run.stdout.split("\n")[0]) for run in runs)
    loaded = set(runs[0].stdout.split("\n")[1].split())
    assert seconds < 0.3
    assert not loaded & {"torch", "pandas", "fastapi", "polars", "numpy", "sklearn", "lightgbm"}


def test_help_needs_nothing_heavy():
    code = "import sys; from limner.cli.main import app; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {each.split(".")[0] for each in run.stdout.split()}
    assert not loaded & {"torch", "pandas", "fastapi", "polars", "sklearn", "lightgbm", "scipy"}


def test_the_serving_wing_starts_without_what_learns():
    code = (
        "import sys, limner.profiles.stores.sqlite, limner.apps.recommend, limner.service.app;"
        "print(*sorted(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {each.split(".")[0] for each in run.stdout.split()}
    assert not loaded & {"torch", "sklearn", "lightgbm", "scipy", "pandas"}


@pytest.mark.parametrize("public", limner.__all__)
def test_every_name_of_the_face_is_there(public):
    assert getattr(limner, public) is not None
    assert public in dir(limner)


def test_a_name_that_the_face_has_not_is_refused_with_those_it_has():
    with pytest.raises(AttributeError, match=r"limner has no 'Profil'; it has .*Profile"):
        limner.Profil  # noqa: B018


def test_every_error_is_listed_and_has_a_sentence():
    found = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.LimnerError)
    }
    assert {each.__name__ for each in found} == set(errors.__all__)
    assert all((each.__doc__ or "").strip() for each in found)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_plug_in_has_one_public_name(folder):
    package = import_module(f"limner.{folder}")
    assert plugins.names(package)
    for each in plugins.names(package):
        assert plugins.load(package, each) is not None


def test_nobody_imports_upwards():
    """The import contract; exhaustive, so a module that stands on no floor fails too."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-cache",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stdout


def test_the_picture_shows_the_floors_of_the_contract():
    picture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    contract = (ROOT / ".importlinter").read_text(encoding="utf-8")
    floors = re.search(r"layers =\n((?:    .+\n)+)", contract)
    assert floors is not None
    rooms = re.findall(r"\w+", floors[1])
    missing = [room for room in rooms if not re.search(rf"\b{room}\b", picture)]
    assert not missing


def test_the_constraints_pin_torch_exactly_and_everything_once():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert "torch==2.13.0" in lines
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line) for line in lines)
    assert len({line.split("==")[0] for line in lines}) == len(lines)


def test_the_constraints_pin_whatever_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[<>=!~ ]", each)[0].lower() for each in wanted} - {"limner"}
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not [each for each in names if not re.search(rf"(?m)^{each}==", pinned)]
