"""`ebbtide rules`: rules as code are checked, tested and compared before anybody is told by them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from typer import Argument, Option

from deploy.local.addresses import addresses_of
from deploy.local.console import errors, show_json
from deploy.local.importing.errors import FileError
from deploy.local.recorded import bar, record, traits_of
from deploy.local.ruling import Change, show_behaviors, show_change, show_results, show_rules
from schemas.behaviors import Definition
from schemas.behaviors import parse as behaviors_of
from schemas.database import engine as engines
from schemas.database.sessions import Database
from schemas.database.workspaces import number_of
from schemas.errors import DefinitionError
from schemas.rules import BUILT_IN, Rules, parse, read
from streams import fixtures
from streams.backtest import Replayed, Told, replay
from streams.evaluating.folding import Detection
from streams.replaying import replay as replay_stored

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check, test and compare rules and behaviors.")

RulesFile = Annotated[Path, Option(dir_okay=False, help="rules.yaml.")]
BehaviorsFile = Annotated[Path, Option(dir_okay=False, help="behaviors.yaml.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON.")]


@app.command()
def check(rules: RulesFile = Path("rules.yaml"), behaviors: BehaviorsFile = Path("behaviors.yaml")) -> None:
    """Say what the files declare, or everything that is wrong with them.

    Example: ebbtide rules check --rules rules.yaml --behaviors behaviors.yaml

    Exit codes: 0 nothing is wrong, 1 something is.
    """
    said, wrong = read(_text(rules), str(rules)) if rules.is_file() else (BUILT_IN, [])
    declared: Sequence[Definition] = ()
    try:
        declared = behaviors_of(_text(behaviors), str(behaviors)) if behaviors.is_file() else ()
    except DefinitionError as error:
        wrong = [*wrong, str(error)]
    if not (rules.is_file() or behaviors.is_file()):
        wrong = [f"There is neither {rules} nor {behaviors}; --rules and --behaviors name others."]
    if said is not None:
        show_rules(said)
    if declared:
        show_behaviors(declared)
    for one in wrong:
        errors.print(one, markup=False, soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)


@app.command("test")
def run_fixtures(
    files: Annotated[list[Path], Argument(metavar="FIXTURES…", exists=True, dir_okay=False, help="Fixtures in YAML.")],
    rules: Annotated[Path | None, Option(exists=True, dir_okay=False, help="rules.yaml.")] = None,
    behaviors: Annotated[Path | None, Option(exists=True, dir_okay=False, help="behaviors.yaml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fold the history of each fixture, and hold the alerts against those it expects.

    Example: ebbtide rules test schemas/fixtures.example.yaml --rules rules.yaml

    Exit codes: 0 all passed, 1 one failed (or a file is wrong).
    """
    said = parse(_text(rules), str(rules)) if rules else BUILT_IN
    declared = behaviors_of(_text(behaviors), str(behaviors)) if behaviors else ()
    found = [fixtures.run(one, said, declared) for file in files for one in fixtures.parse(_text(file), str(file))]
    if as_json:
        show_json([one._asdict() | {"passed": one.passed} for one in found])
    else:
        show_results(found)
    raise typer.Exit(0 if all(one.passed for one in found) else 1)


@app.command()
def diff(
    before: Annotated[Path, Argument(exists=True, dir_okay=False, help="The rules as they are.")],
    after: Annotated[Path, Argument(exists=True, dir_okay=False, help="The rules as they may be.")],
    events: Annotated[Path | None, Option(exists=True, dir_okay=False, help="Recorded events, as in backtest.")] = None,
    accounts: Annotated[Path | None, Option(exists=True, dir_okay=False, help="Accounts' traits.")] = None,
    behaviors: Annotated[
        Path | None, Option(exists=True, dir_okay=False, help="behaviors.yaml, with --events.")
    ] = None,
    data: Annotated[Path | None, Option(help="The folder of a running instance, in place of --events.")] = None,
    workspace: Annotated[str, Option(help="Which workspace of it.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Say which alerts of the last quarter come, go and move between two versions of the rules. Reads only.

    Example: ebbtide rules diff rules.yaml rules-next.yaml --data /var/lib/ebbtide

    Exit codes: 0 done, 1 the rules are wrong or nothing is evaluated yet, 2 a file can't be read, 3 nothing runs.
    """
    versions = [parse(_text(path), str(path)) for path in (before, after)]
    with bar() as progress:
        if events:
            declared = behaviors_of(_text(behaviors), str(behaviors)) if behaviors else ()
            recording, traits = record(events, declared, progress), traits_of(accounts) if accounts else {}
            world = recording.world(traits)
            runs = [replay(recording, world, Detection(rules=one), _told(progress, one)) for one in versions]
        else:
            runs = _replay_stored(addresses_of(data).database, workspace, versions, progress)
    change = Change.of(versions, runs)
    if as_json:
        show_json(change.told())
    else:
        show_change(change)


def _replay_stored(url: str, workspace: str, versions: Sequence[Rules], progress: Progress) -> list[Replayed]:
    database = Database(engines.create(url, pool=1, application="ebbtide rules"))
    try:
        with database.reading() as connection:
            number = number_of(connection, workspace)
        return [replay_stored(database.reading, number, one, _told(progress, one)) for one in versions]
    finally:
        database.close()


def _told(progress: Progress, rules: Rules) -> Told:
    task = progress.add_task(f"Folding days under {rules.name}", total=None)
    return lambda done, days: progress.update(task, completed=done, total=days)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} can't be read: {error}.") from error
