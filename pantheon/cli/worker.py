"""`pantheon worker`: a process that runs turns; as many as you like against one database."""

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import begin_service


def worker(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Run turns, without an API; any number of workers share one database.

    SIGTERM and Ctrl-C let running steps end within the grace time.

    Example: PANTHEON_DATABASE_URL=postgresql://user:password@host/pantheon pantheon worker
    """
    settings = begin_service(debug, data_dir=data_dir)
    from pantheon.cli.processes import run_worker_alone
    from pantheon.cli.serve import run

    raise typer.Exit(run(run_worker_alone(settings)))
