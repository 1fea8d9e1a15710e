"""The zoo's commands: ``python -m zoo --help``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .plan import MODELS, PLAN, RUNS, Job
from .rows import RESULTS, collect, gather

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Runs = Annotated[Path, typer.Option(help="Folder of the jobs' results.")]
Results = Annotated[Path, typer.Option(help="The table that gathers them.")]


@app.command("sweep")
def sweep_command(
    tasks: Annotated[list[str] | None, typer.Argument(help="Only these tasks.")] = None,
    tier: Annotated[int | None, typer.Option(help="Only this tier.")] = None,
    cores: Annotated[int, typer.Option(help="Jobs at once, one thread each.")] = 2,
    profile: Annotated[Path | None, typer.Option(help="A Snakemake profile, such as zoo/slurm.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    nice: Annotated[int, typer.Option(help="How far the jobs give way to other work, 0 to 19.")] = 19,
    runs: Runs = RUNS,
    plan: Annotated[Path, typer.Option(help="What to train.")] = PLAN,
    results: Results = RESULTS,
) -> None:
    """Train what is not trained yet; go on after any interruption."""
    from .sweep import sweep

    sweep(tasks or (), tier, cores, profile, dry_run, nice, runs, plan, results)


@app.command("job")
def job_command(
    task: str,
    strategy: str,
    seed: int,
    runs: Runs = RUNS,
) -> None:
    """Train and score one model of the sweep, unless that is done."""
    from .job import run

    run(Job(task, strategy, seed), runs)


@app.command("collect")
def collect_command(runs: Runs = RUNS, results: Results = RESULTS) -> None:
    """Gather the results of all finished jobs into one table."""
    rows = collect(runs, results)
    typer.echo(f"{results}: {len(rows)} rows of {len({(*row[:2], row.seed) for row in rows})} models")


@app.command("report")
def report_command(runs: Runs = RUNS, results: Results = RESULTS) -> None:
    """Write RESULTS.md and its figures from the result files."""
    from .report import report

    typer.echo(report(collect(runs, results), runs))


@app.command("publish")
def publish_command(
    runs: Runs = RUNS,
    models: Annotated[Path, typer.Option(help="Folder of the published models.")] = MODELS,
    tasks: Annotated[
        Path | None, typer.Option(help="Folder of task files, for others than the zoo's.")
    ] = None,
) -> None:
    """Publish the seed best on validation of every task and strategy, each proved from disk."""
    from .publish import publish

    names = publish(collect(runs, RESULTS) if runs == RUNS else gather(runs), runs, models, tasks)
    typer.echo("\n".join([*names, f"{len(names)} models in {models}"]))


@app.command("verify")
def verify_command(
    name: Annotated[str | None, typer.Argument(help="One model, or a pattern; all if left out.")] = None,
    models: Annotated[Path, typer.Option(help="Folder of the published models.")] = MODELS,
    tasks: Annotated[
        Path | None, typer.Option(help="Folder of task files, for others than the zoo's.")
    ] = None,
) -> None:
    """Evaluate published models anew and compare with their cards."""
    from .verify import verify

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
    """Write the results and the published models into the repository's README."""
    from .readme import write

    typer.echo(write())


@app.command("site")
def site_command(
    out: Annotated[Path, typer.Option(help="Folder to write; a site that is there is replaced.")] = Path(
        "site"
    ),
) -> None:
    """Make the documentation site from the repository."""
    from .site import build

    typer.echo(f"{out / 'index.html'}: {len(build(out))} pages")


def main() -> None:
    """Run a command; an error that the user can mend is one line."""
    try:
        app()
    except (ValueError, FileNotFoundError, ConnectionError) as error:
        typer.echo(f"zoo: {error}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
