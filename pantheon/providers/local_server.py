"""The child process behind `local/…`: llama.cpp's own server, on loopback, for one model file.

    python -m pantheon.providers.local_server

reads one line of JSON from its standard input (`model`, `api_key`, `alias`, `context_window`,
`slots`, `sampling`), prints `{"url": …}` when the model is loaded, and ends when its standard
input does: that is when its parent ends, however it ends.
"""

import ctypes
import json
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PROMPT_CACHE_MIB = 256
SLEEP_SECONDS = 600
QUIET = 0


def main() -> None:
    """Load the model and serve it until the parent is gone."""
    parent = os.getppid()
    _die_with_parent()
    # A terminal sends Ctrl-C to us too, but when calls are cut is for the parent to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = json.loads(sys.stdin.readline())
    if os.getppid() != parent:
        return
    from xllamacpp import CommonParams, Server  # type: ignore[import-untyped]

    params = CommonParams()
    params.verbosity = QUIET
    params.model.path = asked["model"]
    params.model_alias = {asked["alias"]}
    params.api_keys = [asked["api_key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = asked["slots"]
    params.n_ctx = asked["context_window"] * asked["slots"]
    params.cache_ram_mib = PROMPT_CACHE_MIB
    # Idle for long it lets the model go, and loads it again for the next request.
    params.sleep_idle_seconds = SLEEP_SECONDS
    # One core is left to others: threads that wait for each other are 20 times as slow otherwise.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, _cores() - 1)
    params.cpuparams.poll = 0
    for name, value in asked["sampling"].items():
        setattr(params.sampling, name, value)
    params.ui = False
    params.endpoint_slots = False
    try:
        server = Server(params)
    except RuntimeError as error:
        sys.exit(str(error))
    print(json.dumps({"url": f"{server.listening_address}/v1"}), flush=True)
    sys.stdin.read()
    # Its threads need no farewell.
    os._exit(0)


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _die_with_parent() -> None:
    """Ask Linux for a kill when the parent dies, also while the model is being loaded."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
