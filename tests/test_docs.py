"""The pages say what the code says, every example runs, and no link leads nowhere."""

import doctest
import json
import re
from importlib import import_module, util
from pathlib import Path
from pkgutil import walk_packages

import pytest

import limner
from limner import plugins
from limner.cli import settings
from limner.events.synthetic import ShopConfig, SyntheticShop
from limner.model import tuning
from limner.training import losses

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
)
MODULES = [found.name for found in walk_packages(limner.__path__, "limner.")]


@pytest.fixture(scope="module")
def generate():
    spec = util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


def test_the_reference_says_what_the_code_says(generate):
    assert generate.outdated() == [], "renew it: make docs"


def test_every_setting_is_in_the_reference(generate):
    told = page("config.md") + page("questions.md")
    configs = generate.configs()
    for group in configs:
        for name, info in group.model_fields.items():
            assert f"`{name}`" in told, f"{group.__name__}.{name}"
            above = [each.model_fields.get(name) for each in group.__mro__ if each in configs]
            said = info.description or any(each and each.description for each in above)
            assert said, f"{group.__name__}.{name} has no sentence"


def test_every_table_of_the_settings_is_in_the_reference():
    told = page("config.md").split("\n## ")[0]
    for name in settings._TABLES:
        assert re.search(rf"`\[+{name}[\].]", told), name
    for group in (*plugins.load_all(tuning), *plugins.load_all(losses)):
        assert f"{group[1].__name__} of `{group[0]}`" in told


def test_every_command_and_option_is_in_the_reference(generate):
    told = page("cli.md")
    names = [name for name, _ in generate.commands()]
    assert "limner profile show" in names
    for name, command in generate.commands():
        assert f"## {name}\n" in told
        assert command.help, f"{name} has no help"
        for each in command.params:
            if each.param_type_name == "option" and each.name != "help":
                assert each.help, f"{name} {each.opts} has no help"
                assert f"`{each.opts[0]}`" in told


def test_every_command_takes_a_workspace_and_a_seed(generate):
    for name, command in generate.commands():
        options = {option for each in command.params for option in each.opts}
        assert {"--workspace", "--seed"} <= options, name


def test_every_error_is_in_the_reference(generate):
    for error in generate.error_classes():
        assert f"`{error.__name__}`" in page("errors.md")


def test_every_public_name_is_in_the_reference_and_nothing_else():
    assert re.findall(r"(?m)^## (\w+)$", page("api.md")) == limner.__all__


@pytest.mark.parametrize("name", MODULES)
def test_every_example_of_a_docstring_runs(name):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(import_module(name), optionflags=flags).failed == 0


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_of_a_page_leads_nowhere(path):
    text = re.sub(r"(?s)```.*?```", "", path.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    targets = [one or other for one, other in links]
    assert not [
        each
        for each in targets
        if not re.match(r"[a-z]+:", each) and not (path.parent / each).exists()
    ]


def test_every_page_of_docs_is_reachable_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in seen or not path.is_file() or path.suffix != ".md":
            continue
        seen.add(path)
        text = path.read_text(encoding="utf-8")
        waiting += [path.parent / each for each in re.findall(r"\]\(([^)#\s:]+)", text)]
        waiting += [
            page
            for folder in re.findall(r"\]\(([^)#\s:]+)", text)
            if (path.parent / folder).is_dir()
            for page in (path.parent / folder).glob("*.md")
        ]
    docs = {path.resolve() for path in (ROOT / "docs").rglob("*.md")}
    assert not sorted(str(each) for each in docs - seen)


def test_both_readmes_show_the_two_commands_and_the_same_blocks():
    english = (ROOT / "README.md").read_text(encoding="utf-8")
    chinese = (ROOT / "README.zh.md").read_text(encoding="utf-8")
    for text in (english, chinese):
        assert "make demo" in text
        assert "make test" in text
        assert re.search(r"<img|!\[", text.split("make demo")[0]), "it begins with a picture"

    def python(text):
        return re.findall(r"(?s)```python\n(.*?)```", text)

    assert python(english) == python(chinese)


def test_the_readmes_python_runs_and_is_fifteen_lines(tmp_path, monkeypatch):
    """Beside an ``orders.csv`` of a made-up shop."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"(?s)```python\n(.*?)```", text)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    monkeypatch.chdir(tmp_path)
    made_up = SyntheticShop(ShopConfig(events=12_000, customers=400, items=80, days=200))
    made_up.events().write_csv("orders.csv")
    names = {"__name__": "__main__"}
    exec(compile(code, "README.md", "exec"), names)
    assert names["report"].is_file()


@pytest.mark.parametrize(
    "notebook", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda path: path.name
)
def test_a_notebook_runs_from_top_to_bottom(notebook, tmp_path, monkeypatch):
    """Its code cells, one after another, in one namespace and an empty folder."""
    monkeypatch.chdir(tmp_path)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    names = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{notebook.name} cell {number}", "exec")
            exec(code, names)


def test_a_notebook_is_kept_without_outputs():
    for notebook in (ROOT / "examples").glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
