"""``tidegauge config``: what is set, and whether it can be used."""

import os

import typer
import yaml

from tidegauge.cli.console import output
from tidegauge.cli.session import Session, session_of
from tidegauge.settings import Settings
from tidegauge.settings.load import file_in_use

app = typer.Typer(help="Show or check the settings.", no_args_is_help=True, context_settings={})


@app.command()
def show(context: typer.Context) -> None:
    """Print all settings in force as YAML, which can be used as a settings file.

    Secrets are printed as asterisks.
    """
    session = session_of(context)
    text = yaml.safe_dump(_values(session.settings), sort_keys=False, allow_unicode=True)
    output().print(f"# {_source(session)}\n{text}", end="")


@app.command()
def check(context: typer.Context) -> None:
    """Check the settings and say what is wrong with them (exit code 64).

    Nothing is connected to; `tidegauge topics describe` checks the cluster.
    """
    session = session_of(context)
    models = session.settings.models
    overrides = f", overrides for {', '.join(models)}" if models else ""
    output().print(f"The settings can be used ({_source(session)}{overrides}).")


def _values(settings: Settings) -> dict[str, object]:
    values = settings.model_dump(mode="json")
    values["models"] = {
        name: model.model_dump(mode="json", exclude_unset=True)
        for name, model in settings.models.items()
    }
    return values


def _source(session: Session) -> str:
    file = file_in_use(session.config, os.environ)
    return f"file {file}" if file else "no file"
