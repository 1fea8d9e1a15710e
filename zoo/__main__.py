"""The zoo's commands: ``python -m zoo --help``."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from rczoo.cli import errors

from .packs import collect, gather, left
from .plan import MODELS, PLAN, RUNS, Job
from .plan import plan as jobs_of
from .rows import RESULTS, Row

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Runs = Annotated[Path, typer.Option(help="Folder of the jobs' results.")]
Models = Annotated[
    Path | None, typer.Option(help="Folder of the published models [default: models beside the runs].")
]
Results = Annotated[
    Path | None, typer.Option(help="The table that gathers them [default: results.csv beside the runs].")
]


@app.command("sweep")
def sweep_command(
    tasks: Annotated[list[str] | None, typer.Argument(help="Only these tasks.")] = None,
    tier: Annotated[int | None, typer.Option(help="Only this tier.")] = None,
    cores: Annotated[int, typer.Option(help="Jobs at once, one thread each.")] = 2,
    profile: Annotated[
        Path | None, typer.Option(help="A Snakemake profile, such as zoo/slurm, instead of this machine.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    nice: Annotated[int, typer.Option(help="How far the jobs give way to other work, 0 to 19.")] = 19,
    runs: Runs = RUNS,
    plan: Annotated[Path, typer.Option(help="What to train.")] = PLAN,
    results: Results = None,
) -> None:
    """Train what is not trained yet; go on after any interruption."""
    from .sweep import sweeps

    table, jobs = table_of(runs, results), jobs_of(plan, tier, tasks or ())
    if profile and left(jobs, runs):
        sweeps.submit(profile, dry_run, tasks or (), tier, nice, runs, plan, table)
    for line in sweeps.to_do(jobs, runs) if dry_run else sweeps.sweep(jobs, runs, table, cores, nice):
        typer.echo(line)


@app.command("job")
def job_command(
    task: str,
    strategy: str,
    seed: int,
    runs: Runs = RUNS,
) -> None:
    """Train and score one model of the sweep, unless that is done."""
    from .sweep.job import run

    run(Job(task, strategy, seed), runs)


@app.command("train")
def train_command(
    tasks: Annotated[list[str] | None, typer.Argument(help="Only these tasks.")] = None,
    tier: Annotated[int | None, typer.Option(help="Only this tier.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Trainings at once.")] = 2,
    runs: Runs = RUNS,
    plan: Annotated[Path, typer.Option(help="What to train.")] = PLAN,
) -> None:
    """Only train, many models at once on one device; the sweep then scores them."""
    from .sweep.pool import train_many

    for line in train_many(jobs_of(plan, tier, tasks or ()), runs, device, workers):
        typer.echo(line)


@app.command("collect")
def collect_command(runs: Runs = RUNS, results: Results = None) -> None:
    """Pack all finished jobs, and gather their results into one table."""
    results = table_of(runs, results)
    rows = collect(runs, results)
    typer.echo(f"{results}: {len(rows)} rows of {len({(*row[:2], row.seed) for row in rows})} models")


@app.command("baselines")
def baselines_command(
    tasks: Annotated[list[str] | None, typer.Argument(help="Only these tasks.")] = None,
    runs: Runs = RUNS,
) -> None:
    """Write the baselines that are missing into the packs."""
    from .baselines import complete_packs

    for line in complete_packs(runs, tasks or ()):
        typer.echo(line)


@app.command("report")
def report_command(runs: Runs = RUNS, results: Results = None) -> None:
    """Write RESULTS.md and its figures, beside the runs, from the result files."""
    from .results.report import REPORT, report

    typer.echo(report(collect(runs, table_of(runs, results)), runs, runs.parent / REPORT.name))


@app.command("publish")
def publish_command(
    pattern: Annotated[str, typer.Argument(help="Which models, such as 'rap1/*'.")] = "*",
    runs: Runs = RUNS,
    models: Models = None,
    tasks: Annotated[
        Path | None, typer.Option(help="Folder of task files, for others than the zoo's.")
    ] = None,
) -> None:
    """Publish the seed best on validation of every task and strategy, each proved from disk."""
    from .publishing.publish import publish

    models = models_of(runs, models)
    rows = gather(runs)
    if not any(fnmatchcase(f"{row.task}/{row.strategy}", pattern) for row in rows):
        raise ValueError(f"no packed run is called {pattern!r}: run python -m zoo collect, or see zoo/runs")
    names = publish(rows, runs, models, tasks, pattern)
    typer.echo("\n".join([*names, f"{len(names)} models in {models}"]))
    _measure(rows, runs, models, tasks)


@app.command("cards")
def cards_command(
    tasks: Annotated[list[str] | None, typer.Argument(help="Only these tasks.")] = None,
    runs: Runs = RUNS,
    models: Models = None,
) -> None:
    """Write the cards of published models anew, and the index; measure recommended ones that are new."""
    from .publishing.cards import write_cards

    rows, models = gather(runs), models_of(runs, models)
    names = write_cards(rows, runs, models, chosen=tasks)
    typer.echo(f"{len(names)} cards written")
    _measure(rows, runs, models, chosen=tasks)


@app.command("prune")
def prune_command(runs: Runs = RUNS, models: Models = None) -> None:
    """Remove the runs' weights that are published or that no published model comes from."""
    from .publishing.prune import prune
    from .results.summary import criteria, tasks_of

    rows = gather(runs)
    removed = prune(rows, runs, criteria(tasks_of(rows)), models_of(runs, models))
    typer.echo(f"{len(removed)} files of weights removed")


@app.command("verify")
def verify_command(
    name: Annotated[str | None, typer.Argument(help="One model, or a pattern; all if left out.")] = None,
    models: Annotated[Path, typer.Option(help="Folder of the published models.")] = MODELS,
    tasks: Annotated[
        Path | None, typer.Option(help="Folder of task files, for others than the zoo's.")
    ] = None,
) -> None:
    """Evaluate published models anew and compare with their cards."""
    from .publishing.verify import verify

    bad = 0
    for verdict in verify(name, models, tasks):
        bad += bool(verdict.problems)
        typer.echo(
            f"{'FAILED' if verdict.problems else 'as published'}  {verdict.name}: outputs within "
            f"{verdict.outputs:.1e}, metrics within {verdict.metrics:.1e}"
        )
        for problem in verdict.problems:
            typer.echo(f"  {problem}")
    raise typer.Exit(1 if bad else 0)


@app.command("readme")
def readme_command() -> None:
    """Write the README's advice and pictures, and what they rest on into docs/explanation/choosing.md."""
    from .results.readme import write

    typer.echo(write())


@app.command("tutorials")
def tutorials_command() -> None:
    """Run the tutorials' notebooks, and write their outputs."""
    from .tutorials import notebooks, written

    for path in notebooks():
        typer.echo(f"{path.name}: {'changed' if written(path) else 'as it was'}")


def _measure(
    rows: list[Row],
    runs: Path,
    models: Path,
    tasks: Path | None = None,
    chosen: Collection[str] | None = None,
) -> None:
    """Measure the recommended models that are new, and write their tasks' cards with what came of it."""
    from .publishing.cards import write_cards
    from .studies.biology.measured import complete

    for name in complete(models, chosen or (), tasks):
        write_cards(rows, runs, models, tasks, {name})
        typer.echo(f"{name}: measured what its recommended model makes of known motifs")


def table_of(runs: Path, results: Path | None) -> Path:
    """The table of results: the one asked for, else the one beside the runs."""
    return results or runs.parent / RESULTS.name


def models_of(runs: Path, models: Path | None) -> Path:
    """The folder of published models: the one asked for, else the one beside the runs."""
    return models or runs.parent / MODELS.name


def main() -> None:
    """Run a command; an error is one line, as of rczoo itself."""
    try:
        app()
    except Exception as error:
        typer.echo(f"zoo: {errors.line(error)}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
