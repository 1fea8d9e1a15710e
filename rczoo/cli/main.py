"""The command line: nothing heavy is imported before a command runs, a user's mistake is one line."""

from __future__ import annotations

import io
import os
import select
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from .._memory import memory_kept
from .._version import __version__
from . import check, ensemble, errors, examples, explain, models, predict, tasks, train, variants
from .shards.command import shards

PASSED_ON = (typer.Exit, typer.Abort)
"""How a command ends itself, which is no error."""
USAGE: Any = typer.BadParameter.__bases__[0]
"""The error of a wrong call, whichever copy of click typer brings."""
DEBUG = "--debug"


class OneLineErrors(TyperGroup):
    """Turns every error into one line on stderr and exit code 2; ``--debug`` shows the traceback, too."""

    debug = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command."""
        _print_any_letter()
        self.debug = DEBUG in args
        with self._one_line():
            return super().parse_args(ctx, [arg for arg in args if arg != DEBUG])
        return []

    def invoke(self, ctx: Any) -> Any:
        """Run the command, in a process that has nothing else to do with its memory."""
        with self._one_line(), memory_kept():
            result = super().invoke(ctx)
            sys.stdout.flush()  # now, while a reader that has gone is no error
            return result

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except PASSED_ON:
            raise
        except USAGE as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # a group alone asks for its help
                raise
            _fail(errors.usage(error))
        except KeyboardInterrupt:
            typer.echo(
                "rczoo: interrupted; train, predict and variants go on when the same command runs again",
                err=True,
            )
            raise typer.Exit(130) from None
        except SystemExit as error:
            if not isinstance(error.__context__, BrokenPipeError):  # of which rich makes an exit
                raise
            raise typer.Exit(0) from None
        except Exception as error:
            if isinstance(error, BrokenPipeError) and _is_unread():
                raise typer.Exit(0) from None
            if self.debug:
                traceback.print_exc()
            _fail(errors.line(error))


def _print_any_letter() -> None:
    """Names of files and contigs may have letters that a terminal lacks: these are escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _is_unread() -> bool:
    """Whether whoever read the output has gone, as ``| head`` does; what is left is then said to nobody."""
    try:
        stdout = sys.stdout.fileno()
    except OSError:  # no file, as in tests
        return False
    poll = select.poll()
    poll.register(stdout, 0)  # the events of which one always hears: errors
    gone = any(event & select.POLLERR for _, event in poll.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)
    return gone


def _fail(message: str) -> NoReturn:
    typer.echo(f"rczoo: {message}", err=True)
    raise typer.Exit(2) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rczoo {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="rczoo",
    cls=OneLineErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def rczoo(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show where an error comes from.")] = False,
) -> None:
    """Reverse-complement equivariance for deep learning models of DNA."""


for command in (
    train.build,
    train.train,
    train.evaluate,
    check.check,
    check.measure,
    ensemble.ensemble,
    predict.predict,
    variants.variants,
    explain.explain,
    models.export,
    train.demo,
    examples.examples,
):
    app.command()(command)
app.command(
    context_settings={
        "allow_extra_args": True,  # those of the command that is run in parts
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)(shards)
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")
