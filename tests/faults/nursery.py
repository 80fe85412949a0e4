"""Forks APIs and workers from a process that has everything imported, so that a kill is cheap.

Reads a JSON line for each process wanted, `{kind, log, settings, env, without}`, and writes a line
for each that was started, `{"started": pid}`, stands still, `{"stopped": pid}`, or has ended,
`{"ended": pid, "code": n}`.
"""

import gc
import json
import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

# Loaded by the product when they are first needed; here once for all.
import openai  # noqa: F401
import uvicorn.protocols.http.httptools_impl  # noqa: F401
import uvloop  # noqa: F401

from pantheon.base.log import configure_logging
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.cli.processes import run_api, run_up, run_worker_alone
from pantheon.cli.serve import run
from tests.faults.guards import switch_off

SERVE = {"api": run_api, "worker": run_worker_alone, "up": partial(run_up, open_browser=False)}


def main() -> None:
    """Serve until standard input ends, then kill what is left."""
    told = threading.Lock()
    children: set[int] = set()
    child_there = threading.Event()

    def tell(line: dict[str, Any]) -> None:
        with told:
            print(json.dumps(line), flush=True)

    def reap() -> None:
        while True:
            child_there.wait()
            try:
                pid, status = os.waitpid(-1, os.WUNTRACED)
            except ChildProcessError:
                child_there.clear()
                continue
            if os.WIFSTOPPED(status):
                tell({"stopped": pid})
            else:
                children.discard(pid)
                tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    gc.freeze()
    threading.Thread(target=reap, daemon=True).start()
    for line in sys.stdin:
        wanted = json.loads(line)
        with told:
            pid = os.fork()
            if pid == 0:
                become(wanted)
            children.add(pid)
            # Before anything else is told of it.
            print(json.dumps({"started": pid}), flush=True)
        child_there.set()
    for pid in list(children):
        os.kill(pid, 9)


def become(wanted: dict[str, Any]) -> None:
    """Be the process that is wanted, and end with it."""
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(wanted["env"])
    for guard in wanted["without"]:
        switch_off(guard)
    configure_logging(debug=False, json=False)
    given = wanted["settings"]
    providers = {
        name: ProviderSetting.model_validate(value) for name, value in given["providers"].items()
    }
    settings = Settings(
        **{**given, "data_dir": Path(given["data_dir"]), "providers": providers}, _env_file=None
    )
    code = 1
    try:
        code = run(SERVE[wanted["kind"]](settings))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
