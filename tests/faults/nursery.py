"""Forks API and worker processes from one that has everything imported, so that a kill is cheap.

Reads a JSON line for each process wanted, `{"kind", "settings", "env"}`, and writes a line for
each that was started, `{"started": pid}`, or has ended, `{"ended": pid, "code": n}`.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from pantheon.base.log import configure_logging
from pantheon.base.settings import ProviderSetting, Settings
from pantheon.cli.processes import run_api, run_worker_alone
from pantheon.cli.serve import run


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
                pid, status = os.wait()
            except ChildProcessError:
                child_there.clear()
                continue
            children.discard(pid)
            tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    threading.Thread(target=reap, daemon=True).start()
    for line in sys.stdin:
        wanted = json.loads(line)
        with told:
            pid = os.fork()
        if pid == 0:
            become(wanted)
        children.add(pid)
        child_there.set()
        tell({"started": pid})
    for pid in list(children):
        os.kill(pid, 9)


def become(wanted: dict[str, Any]) -> None:
    """Be the process that is wanted, and end with it."""
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(wanted["env"])
    configure_logging(debug=False, json=False)
    given = wanted["settings"]
    providers = {
        name: ProviderSetting.model_validate(value) for name, value in given["providers"].items()
    }
    settings = Settings(
        **{**given, "data_dir": Path(given["data_dir"]), "providers": providers}, _env_file=None
    )
    serve = run_api if wanted["kind"] == "api" else run_worker_alone
    os._exit(run(serve(settings)))


if __name__ == "__main__":
    main()
