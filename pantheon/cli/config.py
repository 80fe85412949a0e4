"""`pantheon config`: the settings in force, and where they come from."""

import asyncio
from os import environ

import typer

from pantheon.cli.options import DataDir, Debug
from pantheon.cli.terminal import start_logging


def config(data_dir: DataDir = None, debug: Debug = False) -> None:
    """Show the settings in force with their sources, and the providers; secrets are masked.

    Example: pantheon config
    """
    from pantheon.ops.effective import effective
    from pantheon.ops.load_settings import load_settings
    from pantheon.providers.configure import open_providers

    start_logging(debug)
    settings = load_settings(data_dir=data_dir)
    rows = effective(settings, {"data_dir": data_dir})
    providers = open_providers(settings, environ)
    described = providers.describe()
    asyncio.run(providers.aclose())
    widest = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:<{widest}}  {row.value}  ({row.source})")
    typer.echo("")
    for provider in described:
        key = f"key …{provider['last4'] or ''}" if provider["has_key"] else "no key"
        typer.echo(f"provider {provider['name']}: {provider['kind']}, {key} ({provider['source']})")
