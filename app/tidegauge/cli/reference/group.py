"""The commands of ``tidegauge reference``."""

import typer

from tidegauge.cli.reference import build, pin, show

app = typer.Typer(
    help="Reference profiles, what drift is measured against: build, pin, show, compare.",
    no_args_is_help=True,
)
app.command("build", help=build.BUILD)(build.build_command)
app.command("put", help=build.PUT)(build.put)
app.command("pin", help=pin.PIN)(pin.pin)
app.command("list", help=show.LIST)(show.list_references)
app.command("show", help=show.SHOW)(show.show)
app.command("diff", help=show.DIFF)(show.diff)
