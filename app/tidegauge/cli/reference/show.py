"""``tidegauge reference list``, ``show`` and ``diff``: what is normal, and how that differs."""

import json
from typing import Annotated, TypeAlias

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.options import AsJson
from tidegauge.cli.reference import answers, store
from tidegauge.cli.reference.tables import figure, print_bins, psi_text, table
from tidegauge.cli.session import session_of
from tidegauge.core.config import ModelKind
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

SHOW = """Show a reference profile: what is normal for the answers and each feature.

\b
Examples:
  tidegauge reference show flight-delay        the only version that has one
  tidegauge reference show fraud@7 --bins
  tidegauge reference show fraud-7.json        from a file
  tidegauge reference show fraud@7 --json > fraud-7.json
"""

DIFF = """Compare two reference profiles: of versions, of models, or from files.

The measures are those of drift: population stability index (PSI) and Jensen-Shannon distance of \
features, scores and answers, over the bins of the first profile. Features that are numbers are \
taken to be spread evenly within the second profile's own bins, so that a comparison is exact \
where the bins agree and close where they do not. Answers are read as those of the first \
profile's model: as classes or as numbers.

\b
Examples:
  tidegauge reference diff fraud@7 fraud@8
  tidegauge reference diff fraud@7 candidate.json --bins
  tidegauge reference diff fraud@7 fraud@8 --json | jq '.features[] | select(.psi > 0.2)'
"""

Which: TypeAlias = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="MODEL, MODEL@VERSION, or a file.")
]
Bins: TypeAlias = Annotated[
    bool, typer.Option("--bins", help="Every bin of every feature, and of the answers.")
]

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
    made = table("model", "version", "origin", "in effect from", "of", "features", "sampled")
    for p in profiles:
        made.add_row(
            *map(plain, (p.model, p.version)),
            p.origin.value,
            _time(p.effective_from) if p.effective_from else "the start",
            _period(p),
            str(len(p.features)),
            f"{p.sample_count:,}",
        )
    console.output().print(made)


def show(
    context: typer.Context, which: Which, *, bins: Bins = False, as_json: AsJson = False
) -> None:
    """Show one profile."""
    session = session_of(context)
    profile = store.find(session, which)
    if as_json:
        _print_json(profile)
        return
    print_line = console.output().print
    print_line(Text(plain(f"{profile.model} {profile.version}"), style="bold"))
    print_line(
        f"{profile.origin.value} from {profile.sample_count:,} predictions, {_period(profile)}"
    )
    print_line(f"in effect from {store.effect(profile)}; id {profile.id}")
    rules = session.settings.core().model(profile.model)
    answers.print_answers(profile, answers.kind_of(profile, rules), bins=bins)
    made = table("feature", "type", "missing", "least", "mean", "most", "most frequent")
    for feature in profile.features:
        made.add_row(*_described(feature))
    print_line(made)
    if bins:
        for feature in profile.features:
            held = zip(bin_labels(feature), shares(feature.counts), strict=True)
            print_bins(feature.name, [Bin(label, share, None) for label, share in held], "share")


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
    kind = answers.kind_of(one, session.settings.core().model(one.model))
    print_line(_difference_table(difference, kind))
    answered = answers.answers_of(difference, kind).bins
    if bins and answered and kind is not ModelKind.BINARY:
        print_bins("answers", answered, "before", "after")
    for feature in difference.features if bins else ():
        print_bins(feature.name, feature.bins, "before", "after")


def _difference_table(difference: ProfileDifference, kind: ModelKind) -> Table:
    made = table("", "type", "psi", "js", "missing", "", "mean", "")
    for f in difference.features:
        same = f.type_before == f.type_after
        types = f.type_before if same else f"{f.type_before or 'none'} → {f.type_after or 'none'}"
        made.add_row(
            plain(f.name),
            Text(types or "", style="" if same else "bold red"),
            psi_text(f.psi),
            figure(f.js, ".3f"),
            figure(f.missing_before, ".1%"),
            figure(f.missing_after, ".1%"),
            figure(f.mean_before, ".5g"),
            figure(f.mean_after, ".5g"),
        )
    made.add_section()
    scores = (psi_text(difference.score_psi), figure(difference.score_js, ".3f"))
    made.add_row(Text("scores", style="italic"), "", *scores)
    answers.add_difference(made, difference, kind)
    return made


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


def _print_json(profile: ReferenceProfile) -> None:
    console.output().print(encode_reference(profile)[1].decode())


def _time(time_ms: int) -> str:
    return rfc3339(time_ms)[:19].replace("T", " ")


def _period(profile: ReferenceProfile) -> str:
    if profile.learned_from is None or profile.learned_until is None:
        return "no period"
    return f"{_time(profile.learned_from)} to {_time(profile.learned_until)}"
