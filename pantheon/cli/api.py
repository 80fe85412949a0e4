"""`pantheon api`: HTTP and the page, without a worker; as many as you like against one database."""

import typer

from pantheon.cli.options import DataDir, Debug, Host, Port
from pantheon.cli.terminal import begin_service


def api(
    host: Host = None, port: Port = None, data_dir: DataDir = None, debug: Debug = False
) -> None:
    """Serve HTTP and the page, without a worker; any number of them share one database.

    Example: PANTHEON_DATABASE_URL=postgresql://user:password@host/pantheon pantheon api --port 8341
    """
    settings = begin_service(debug, host=host, port=port, data_dir=data_dir)
    from pantheon.cli.processes import run_api
    from pantheon.cli.serve import run

    raise typer.Exit(run(run_api(settings)))
