"""The command line, run in this process."""

from typer.testing import CliRunner

from rczoo.cli.main import app


def run(*arguments):
    """The result of ``rczoo ARGUMENTS``: exit code, stdout and stderr."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])
