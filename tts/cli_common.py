"""What all commands share: one-line errors and common options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

model_option = click.option(
    "--model", default="facet-nano", show_default=True, help="A directory, hub id or built-in model."
)
force_option = click.option("--force", is_flag=True, help="Overwrite existing output.")


def one_line_errors(function: Callable[..., None]) -> Callable[..., None]:
    """Turn ``ValueError`` and ``OSError`` into usage errors: one line, exit code 2, no traceback."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except ValueError as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            sys.exit(2)
        except BrokenPipeError:  # the reader of our output left
            sys.stderr.close()
            sys.exit(1)
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            click.echo(f"Error: {' '.join(what.split())}", err=True)
            sys.exit(2)

    return wrapped
