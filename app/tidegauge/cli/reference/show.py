"""``tidegauge reference list``, ``show`` and ``diff``: what is normal, and how that differs."""

import json
from typing import Annotated, TypeAlias

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.options import AsJson
from tidegauge.cli.reference import store
from tidegauge.cli.session import session_of
from tidegauge.core.stats.compare import Bin, ProfileDifference, bin_labels, compare, shares
from tidegauge.core.stats.reference import FeatureReference, NumericReference, ReferenceProfile
from tidegauge.wire.plain import plain
from tidegauge.wire.public import rfc3339
from tidegauge.wire.references import encode_reference

LIST = """List the newest reference profile of each model version.

\b
Examples:
  tidegauge reference list
  tidegauge reference list --json | jq -r .model
"""

SHOW = """Show a reference profile: what is normal for each feature.

\b
Examples:
  tidegauge reference show fraud               the only version that has one
  tidegauge reference show fraud@7 --bins
  tidegauge reference show fraud-7.json        from a file
  tidegauge reference show fraud@7 --json > fraud-7.json
"""

DIFF = """Compare two reference profiles: of versions, of models, or from files.

The measures are those of drift: population stability index (PSI) and Jensen-Shannon distance, \
over the bins of the first profile. Numbers of the second are taken to be spread evenly within its \
own bins, so that a comparison is exact where the bins agree and close where they do not.

\b
Examples:
  tidegauge reference diff fraud@7 fraud@8
  tidegauge reference diff fraud@7 candidate.json --bins
  tidegauge reference diff fraud@7 fraud@8 --json | jq '.features[] | select(.psi > 0.2)'
"""

Which: TypeAlias = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="MODEL, MODEL@VERSION, or a file.")
]
Bins: TypeAlias = Annotated[bool, typer.Option("--bins", help="Every bin of every feature.")]

_PSI_STYLES = ((0.25, "bold red"), (0.1, "yellow"))
"""The usual reading of a PSI: from 0.1 a change, from 0.25 a large one."""
_CATEGORIES_SHOWN = 3


def list_references(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what is announced."""
    profiles = store.announced(session_of(context))
    if as_json:
        for profile in profiles:
            _print_json(profile)
        return
    if not profiles:
        console.note("no references")
        return
    table = _table("model", "version", "origin", "in effect from", "of", "features", "sampled")
    for p in profiles:
        table.add_row(
            *map(plain, (p.model, p.version)),
            p.origin.value,
            _time(p.effective_from) if p.effective_from else "the start",
            _period(p),
            str(len(p.features)),
            f"{p.sample_count:,}",
        )
    console.output().print(table)


def show(
    context: typer.Context, which: Which, *, bins: Bins = False, as_json: AsJson = False
) -> None:
    """Show one profile."""
    profile = store.find(session_of(context), which)
    if as_json:
        _print_json(profile)
        return
    print_line = console.output().print
    print_line(Text(plain(f"{profile.model} {profile.version}"), style="bold"))
    print_line(
        f"{profile.origin.value} from {profile.sample_count:,} predictions, {_period(profile)}"
    )
    print_line(f"in effect from {store.effect(profile)}; id {profile.id}")
    if profile.positive_rate is not None:
        print_line(f"{profile.positive_rate:.2%} predicted positive")
    table = _table("feature", "type", "missing", "least", "mean", "most", "most frequent")
    for feature in profile.features:
        table.add_row(*_described(feature))
    print_line(table)
    if bins:
        for feature in profile.features:
            held = zip(bin_labels(feature), shares(feature.counts), strict=True)
            _print_bins(feature.name, [Bin(label, share, None) for label, share in held], "share")


def diff(
    context: typer.Context,
    before: Which,
    after: Which,
    *,
    bins: Bins = False,
    as_json: AsJson = False,
) -> None:
    """Compare two profiles."""
    session = session_of(context)
    one, two = store.find(session, before), store.find(session, after)
    difference = compare(one, two)
    if as_json:
        names = {"before": one.id, "after": two.id}
        document = names | msgspec.to_builtins(difference)
        console.output().print(json.dumps(document, ensure_ascii=False))
        return
    print_line = console.output().print
    for label, profile in (("before", one), ("after ", two)):
        name = plain(f"{profile.model} {profile.version}")
        print_line(f"{label}  {name}, {profile.origin.value}, {_period(profile)}, id {profile.id}")
    print_line(_difference_table(difference))
    for feature in difference.features if bins else ():
        _print_bins(feature.name, list(feature.bins), "before", "after")


def _difference_table(difference: ProfileDifference) -> Table:
    table = _table("", "type", "psi", "js", "missing", "", "mean", "")
    for f in difference.features:
        same = f.type_before == f.type_after
        kind = f.type_before if same else f"{f.type_before or 'none'} → {f.type_after or 'none'}"
        table.add_row(
            plain(f.name),
            Text(kind or "", style="" if same else "bold red"),
            _psi(f.psi),
            _figure(f.js, ".3f"),
            _figure(f.missing_before, ".1%"),
            _figure(f.missing_after, ".1%"),
            _figure(f.mean_before, ".5g"),
            _figure(f.mean_after, ".5g"),
        )
    rates = (difference.positive_rate_before, difference.positive_rate_after)
    scores = (_psi(difference.score_psi), _figure(difference.score_js, ".3f"))
    table.add_section()
    table.add_row(Text("scores", style="italic"), "", *scores)
    rate = Text("positive rate", style="italic")
    table.add_row(rate, "", "", "", "", "", *(_figure(x, ".2%") for x in rates))
    return table


def _described(feature: FeatureReference) -> tuple[str, ...]:
    name, missing = plain(feature.name), f"{feature.missing_share:.1%}"
    if isinstance(feature, NumericReference):
        numbers = (feature.low, feature.mean, feature.high)
        return name, "numeric", missing, *(f"{x:.5g}" for x in numbers), ""
    parts = shares(feature.counts)[: min(_CATEGORIES_SHOWN, len(feature.categories))]
    named = zip(feature.categories, parts, strict=False)
    frequent = ", ".join(f"{plain(c)} {share:.0%}" for c, share in named if share)
    count = len(feature.categories) + len(feature.rare or ())
    more = f" of {count}" if feature.rare is not None else " of many"
    return name, "categorical", missing, "", "", "", frequent + more


def _print_bins(name: str, held: list[Bin], *columns: str) -> None:
    table = _table(plain(name), *columns)
    for b in held:
        cells = (b.before, b.after)[: len(columns)]
        table.add_row(plain(b.label), *(_figure(share, ".1%") for share in cells))
    console.output().print(table)


def _print_json(profile: ReferenceProfile) -> None:
    console.output().print(encode_reference(profile)[1].decode())


def _table(first: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for name in columns:
        text = name in {"", "type", "version", "origin", "in effect from", "of", "most frequent"}
        table.add_column(name, justify="left" if text and name else "right")
    return table


def _psi(value: float | None) -> Text:
    style = next((style for limit, style in _PSI_STYLES if (value or 0) >= limit), "")
    return Text(_figure(value, ".3f"), style=style)


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _time(time_ms: int) -> str:
    return rfc3339(time_ms)[:19].replace("T", " ")


def _period(profile: ReferenceProfile) -> str:
    if profile.learned_from is None or profile.learned_until is None:
        return "no period"
    return f"{_time(profile.learned_from)} to {_time(profile.learned_until)}"
