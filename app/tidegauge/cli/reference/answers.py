"""What a profile says of the answers: shares of classes, or a distribution of numbers."""

from typing import Final

from rich.table import Table
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.reference.tables import figure, print_bins, psi_text, table
from tidegauge.core.config import ModelConfig, ModelKind
from tidegauge.core.monitor.kinds import told
from tidegauge.core.stats.compare import (
    AnswerDifference,
    Bin,
    ProfileDifference,
    class_shares,
    compare,
    number_quantiles,
)
from tidegauge.core.stats.outcomes import UNSUPPORTED, binary_class
from tidegauge.core.stats.reference import ReferenceProfile

_SHOWN: Final = 10
"""Classes that are listed without ``--bins``."""
_QUANTILES: Final = {"10 % below": 0.1, "median": 0.5, "90 % below": 0.9}


def kind_of(profile: ReferenceProfile, rules: ModelConfig) -> ModelKind:
    """The kind that is configured, or that the answers in the sample tell."""
    if rules.kind is not None:
        return rules.kind
    classes = profile.class_counts
    named = sum(classes.values())
    fractions = min(sum(profile.value_counts.values()), profile.sample_count - named)
    others = sum(
        count
        for name, count in classes.items()
        if binary_class(name, rules.positive_class) == UNSUPPORTED
    )
    return told(named + fractions, fractions, others)


def print_answers(profile: ReferenceProfile, kind: ModelKind, *, bins: bool) -> None:
    """Print what is normal for the answers of a model of this kind; nothing without answers.

    Args:
        profile: the profile.
        kind: decides how its answers are read.
        bins: all classes, or the whole distribution.
    """
    if kind is ModelKind.BINARY:
        if profile.positive_rate is not None:
            console.output().print(f"{profile.positive_rate:.2%} predicted positive")
    elif kind is ModelKind.MULTICLASS and profile.class_counts:
        _print_classes(profile, None if bins else _SHOWN)
    elif kind is ModelKind.REGRESSION and profile.value_counts:
        least, *middle, most = number_quantiles(profile, (0.0, *_QUANTILES.values(), 1.0))
        made = table("answers", "least", *_QUANTILES, "most")
        made.add_row("numbers", *(figure(value, ".3g") for value in (least, *middle, most)))
        console.output().print(made)
        if bins:
            held = compare(profile, profile).number_answers.bins
            print_bins("answers", held, "share")


def add_difference(made: Table, difference: ProfileDifference, kind: ModelKind) -> None:
    """Add to a table of features how the answers differ.

    Args:
        made: the table, of eight columns: name, type, PSI, JS, missing and mean before and after.
        difference: two profiles side by side.
        kind: decides how their answers are read.
    """
    if kind is ModelKind.BINARY:
        rates = (difference.positive_rate_before, difference.positive_rate_after)
        _add(made, "positive rate", ("", "", ""), [figure(rate, ".2%") for rate in rates])
        return
    answers = answers_of(difference, kind)
    measures = (psi_text(answers.psi), figure(answers.js, ".3f"))
    if kind is ModelKind.MULTICLASS:
        _add(made, "answers", ("classes", *measures), ["", ""])
        return
    medians = [figure(m, ".3g") for m in (answers.median_before, answers.median_after)]
    _add(made, "answers", ("numbers", *measures), ["", ""])
    _add(made, "median answer", ("", "", ""), medians)


def answers_of(difference: ProfileDifference, kind: ModelKind) -> AnswerDifference:
    """How the answers differ, read as those of a model of this kind."""
    if kind is ModelKind.REGRESSION:
        return difference.number_answers
    return difference.class_answers


def _add(made: Table, name: str, cells: tuple[str | Text, ...], ends: list[str]) -> None:
    made.add_row(Text(name, style="italic"), *cells, "", "", *ends)


def _print_classes(profile: ReferenceProfile, limit: int | None) -> None:
    ranked = class_shares(profile)
    held = [Bin(name, share, None) for name, share in ranked[:limit]]
    if rest := ranked[len(held) :]:
        held.append(Bin(f"{len(rest)} more", sum(share for _, share in rest), None))
    print_bins("answers", held, "share")
