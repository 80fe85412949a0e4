"""The options that every command takes."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the database, the settings and the keys."),
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Log more, and show where an error comes from.")
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; loopback only.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")]
