"""The rules of the house that an import checker cannot hold, read from the syntax trees.

A rule gives what it finds as `{key: what is wrong}`; `allowed` names the keys that are meant, each
with its reason. `control` is a module that breaks the rule: a rule that lets it pass is void.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeGuard

from pantheon.base.crashpoints import CRASH_POINTS

ROOT = Path(__file__).parents[1]
MIGRATIONS = ROOT / "pantheon" / "db" / "migrations"
MOST_LINES = 400

OWNER = re.compile(r"COMMENT ON TABLE (\w+) IS '(\w+):")
WRITE = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(?:public\.)?([a-z_]\w*|\{)")
LOST_BY_SQL = re.compile(r"'lost', '(\w+)'")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """A source file, its path relative to the project, and what it means."""

    path: str
    source: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name by which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The package below `pantheon` that it lives in."""
        return self.path.split("/")[1]

    @property
    def is_package(self) -> bool:
        """Whether it is an `__init__.py`."""
        return self.path.endswith("/__init__.py")


class Rule(NamedTuple):
    """What must not be found in the package, but for what is allowed."""

    find: Callable[[Sequence[Module]], dict[str, str]]
    control: Module
    allowed: Mapping[str, str] = {}


def parse(path: str, source: str) -> Module:
    """Return a module from its source."""
    return Module(path, source, ast.parse(source, path))


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Return all modules below a folder of the project, in the order of their paths."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return tuple(parse(str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in paths)


@cache
def table_owners() -> dict[str, str]:
    """Return the room that owns each table, as the revisions' comments say."""
    texts = (path.read_text("utf-8") for path in sorted(MIGRATIONS.rglob("*.sql")))
    return {table: room for text in texts for table, room in OWNER.findall(text)}


def foreign_writes(found: Sequence[Module]) -> dict[str, str]:
    """Find SQL that writes a table of another room, or one that is not named in the text."""
    owners = table_owners()
    wrong = {}
    for module in found:
        if module.path.startswith("pantheon/db/migrations/"):
            continue
        for text, line in _texts(module):
            for table in WRITE.findall(text):
                owner = owners.get(table, "nobody that is known")
                if owner != module.room:
                    wrong[f"{module.path} {table}"] = f"line {line}: the table is {owner}'s"
    return wrong


def transactions(found: Sequence[Module]) -> dict[str, str]:
    """Find transactions of the pool that are opened outside of the rooms that answer for them."""
    wrong = {}
    for module in found:
        if module.room in ("api", "cli", "worker", "ops"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                opens = node.func.attr in ("transaction", "sweep")
                # A transaction of a connection is a savepoint inside its caller's.
                if opens and ast.unparse(node.func.value) != "conn":
                    wrong[module.path] = f"line {node.lineno}: opens a transaction"
    return wrong


def missing_docstrings(found: Sequence[Module]) -> dict[str, str]:
    """Find modules, public functions and public classes that do not say what they are for."""
    wrong = {}
    for module in found:
        if ast.get_docstring(module.tree) is None:
            wrong[module.path] = "line 1: no docstring"
        for place, node in _public(module.tree):
            if ast.get_docstring(node) is None:
                wrong[f"{module.path} {place}"] = f"line {node.lineno}: no docstring"
    return wrong


def untested(found: Sequence[Module]) -> dict[str, str]:
    """Find modules with something to run that have no test file at the same place."""
    wrong = {}
    for module in found:
        inner = module.path.removeprefix("pantheon/")
        folder, _, name = inner.rpartition("/")
        test = ROOT / "tests" / folder / f"test_{name}"
        if _does_something(module.tree) and not test.exists():
            wrong[module.path] = f"no {test.relative_to(ROOT)}"
    return wrong


def unimported(found: Sequence[Module]) -> dict[str, str]:
    """Find modules that no other module of the package imports, or runs by its name."""
    known = {name for module in found for name in _imports(module)}
    known |= {text for module in found for text, _ in _texts(module)}
    return {
        module.path: "nothing imports it"
        for module in found
        if not module.is_package and module.name not in known
    }


def too_long(found: Sequence[Module]) -> dict[str, str]:
    """Find files that hold a second subject, by their length."""
    return {
        module.path: f"{lines} lines, at most {MOST_LINES}"
        for module in found
        if (lines := module.source.count("\n")) > MOST_LINES
    }


def full_packages(found: Sequence[Module]) -> dict[str, str]:
    """Find packages that hold more than a docstring, or whose modules are named after nothing."""
    wrong = {}
    for module in found:
        if module.is_package and len(module.tree.body) > 1:
            wrong[module.path] = "a package holds its docstring only"
        if module.name.rpartition(".")[2] in VAGUE_NAMES:
            wrong[module.path] = "the name says nothing"
    return wrong


def crash_points(found: Sequence[Module]) -> dict[str, str]:
    """Find crash points that are not in the list, and names in the list that are no place."""
    used = {
        str(node.args[0].value)
        for module in found
        for node in ast.walk(module.tree)
        if _calls(node, "crash_point") and isinstance(node.args[0], ast.Constant)
    }
    return {
        **dict.fromkeys(used - set(CRASH_POINTS), "is not in CRASH_POINTS"),
        **dict.fromkeys(set(CRASH_POINTS) - used, "no place in the code"),
    }


def repeated_problems(found: Sequence[Module]) -> dict[str, str]:
    """Find problem codes that are defined in more than one place."""
    places: dict[str, list[str]] = {}
    for kind in problem_types(found):
        places.setdefault(kind.code, []).append(kind.path)
    return {
        code: f"defined in {' and '.join(paths)}" for code, paths in places.items() if paths[1:]
    }


def own_clocks(found: Sequence[Module]) -> dict[str, str]:
    """Find moments and ids that are not made by `base/clock.py` and `base/ids.py`."""
    makers = {"datetime.now", "datetime.utcnow", "date.today", "uuid4", "uuid7", "uuid1"}
    return {
        module.path: f"line {node.lineno}: calls {name}"
        for module in found
        if module.path not in ("pantheon/base/clock.py", "pantheon/base/ids.py")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in makers
    }


class Kind(NamedTuple):
    """A problem type as it stands in the code."""

    code: str
    status: int
    path: str


def problem_types(found: Sequence[Module]) -> Iterator[Kind]:
    """Yield every `ProblemType(code, status, …)` that is written out in the code."""
    for module in found:
        for node in ast.walk(module.tree):
            if _calls(node, "ProblemType"):
                code, status = node.args[:2]
                if isinstance(code, ast.Constant) and isinstance(status, ast.Constant):
                    yield Kind(code.value, status.value, module.path)


def value_codes(found: Sequence[Module]) -> set[str]:
    """Return the codes of failures that are values: of a model, of a step, of a turn, of a call."""
    codes = set()
    for module in found:
        for text, _ in _texts(module):
            codes |= set(LOST_BY_SQL.findall(text))
        for node in ast.walk(module.tree):
            for place, call in enumerate(("Failure", "Closing")):
                if _calls(node, call) and len(node.args) > place:
                    codes.add(_text_of(node.args[place]))
            if isinstance(node, ast.Dict):
                fields = {
                    _text_of(key): value for key, value in zip(node.keys, node.values, strict=True)
                }
                if "title" in fields:
                    codes.add(_text_of(fields.get("code")))
    return codes - {""}


def _text_of(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _calls(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _texts(module: Module) -> Iterator[tuple[str, int]]:
    """Yield each text that is no docstring, with its line."""
    skipped = {
        id(node.body[0].value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Module | Definition)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module.tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in skipped:
            yield text, node.lineno


def _public(tree: ast.Module | ast.ClassDef, inside: str = "") -> Iterator[tuple[str, Definition]]:
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"{inside}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{node.name}.")


def _does_something(tree: ast.Module) -> bool:
    """Whether a function has a body; a protocol's is its docstring and `...`."""
    return any(
        not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS)
        for line in node.body
    )
