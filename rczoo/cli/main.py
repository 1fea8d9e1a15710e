"""The command line: nothing heavy is imported before a command runs, a user's mistake is one line."""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from . import check, ensemble, explain, models, predict, tasks, train, variants

EXTRAS = {
    "training": ("lightning", "sklearn", "scipy", "matplotlib"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("huggingface_hub",),
    "explain": ("tangermeme",),
    "data": ("py2bit", "rdata"),
}
"""Which extra of the package brings which import."""


class OneLineErrors(TyperGroup):
    """Turns the errors that a user can mend into one line on stderr and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            missing = (error.name or "").split(".")[0]
            extra = next((extra for extra, names in EXTRAS.items() if missing in names), None)
            if extra is None:
                raise
            _fail(f"this command needs {missing}: pip install 'rczoo[{extra}]'")
        except (ValueError, OSError, ImportError) as error:
            _fail(str(error))
        except KeyboardInterrupt:
            typer.echo(
                "rczoo: interrupted; train, predict and variants go on when the same command runs again",
                err=True,
            )
            raise typer.Exit(130) from None


def _fail(message: str) -> NoReturn:
    typer.echo("rczoo: " + " ".join(message.split()), err=True)
    raise typer.Exit(2) from None


app = typer.Typer(
    name="rczoo",
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reverse-complement equivariance for deep learning models of DNA.",
)
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
):
    app.command()(command)
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")
