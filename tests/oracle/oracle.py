"""What must come out, by brute force over the list of all events: slow, plain, independent.

It follows the rules in words (`tidegauge.core.collect.request`, the design) and shares no code
with the machines but the event types. Everything is assumed to have expired at the end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from world import Published, clean, digest, ms

from tidegauge.core.config import CoreConfig, ModelKind
from tidegauge.core.events import Feedback, Outcome, Prediction
from tidegauge.core.ledger import ModelLedger

POSITIVE = {True: 1, False: 0}
Heard = dict[tuple[str | None, int], Feedback]
"""All feedback that counts of one request, by the model it names and its revision."""
Pair = tuple[Outcome, Outcome]
"""An answer and the label that counts."""
Key = tuple[str, str, str, str, int, int]
"""Model, version, segment field, segment value, window size, window start."""


@dataclass
class Truth:
    """An answer that counts, and its label, if it has one."""

    event: Prediction
    time: int
    fitting: list[Feedback] = field(default_factory=list)
    """Feedback that may label it, in the order it was appended."""
    first: tuple[int, Outcome] | None = None
    """Label time and label that was heard first."""


@dataclass
class Window:
    """Figures of one window."""

    predictions: int = 0
    end: int = 0
    answers: list[Outcome] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    """Answers with the labels that count."""
    paired: dict[str, list[tuple[Pair, Pair]]] = field(default_factory=lambda: defaultdict(list))
    """By other version: this answer with its label and the other with its own."""
    scores: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    present: Counter[str] = field(default_factory=Counter)
    attributed: list[dict[str, float]] = field(default_factory=list)
    judged: list[tuple[dict[str, float], float]] = field(default_factory=list)
    """Attributions of answers and whether these were wrong, by the label that was heard first."""
    delays: list[float] = field(default_factory=list)
    """How long that took, s; of a whole version."""


def binary(outcome: Outcome) -> int | None:
    """The class of a boolean, 0 or 1; None for anything else."""
    return POSITIVE[outcome] if isinstance(outcome, bool | int) and outcome in (0, 1) else None


def name(outcome: Outcome) -> str | None:
    """The class that an outcome is; None for a number with a fraction."""
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    return None if isinstance(outcome, float) else str(outcome)


def number(outcome: Outcome) -> float | None:
    """The number that an outcome is, if it is one."""
    if isinstance(outcome, bool | str):
        return None
    return float(outcome)


def chosen(fitting: Sequence[Feedback]) -> Feedback | None:
    """What labels an answer: feedback that names its model, and of that the highest revision."""
    named = [f for f in fitting if f.model is not None]
    return max(named or fitting, key=lambda f: f.revision, default=None)


class Oracle:
    """All answers with their labels, and the ledgers.

    Args:
        log: all events in the order of their append times.
        config: the rules.
    """

    def __init__(self, log: Sequence[Published], config: CoreConfig) -> None:
        self.config = config
        self.ledgers: dict[str, ModelLedger] = defaultdict(ModelLedger)
        self.truths: list[Truth] = []
        requests: dict[str, list[Prediction | Feedback]] = defaultdict(list)
        for record in log:
            requests[record.event.request_id].append(record.event)
        for events in requests.values():
            self._request(events)
        self.ledgers = {name: clean(ledger) for name, ledger in sorted(self.ledgers.items())}

    # ---------------------------------------------------------------- one request

    def _request(self, events: list[Prediction | Feedback]) -> None:
        answers: dict[tuple[str, str], Truth] = {}
        for event in events:
            if isinstance(event, Prediction):
                known = answers.get((event.model, event.version))
                if known is None:
                    answers[event.model, event.version] = Truth(event, ms(event.timestamp))
                else:
                    same = digest(known.event) == digest(event)
                    self._prediction(event.model, "duplicate" if same else "conflict")
        heard: Heard = {}
        owner = min((model for model, _ in answers), default="__unknown__")
        for event in events:
            if isinstance(event, Feedback):
                first = heard.get((event.model, event.revision))
                if first is None:
                    heard[event.model, event.revision] = event
                else:
                    same = digest(first) == digest(event)
                    self._feedback(event.model or owner, "duplicate" if same else "conflict")
        labels = [self._label(truth, heard) for truth in answers.values()]
        labelling = {id(label) for label in labels if label}
        for truth in answers.values():
            labelled = bool(truth.fitting)
            self._prediction(truth.event.model, "labelled" if labelled else "unlabelled")
            self.ledgers[truth.event.model].labels += labelled
        for event in heard.values():
            state = self._state(event, heard, answers, labelling)
            self._feedback(event.model or owner, state)
        self.truths += answers.values()

    def _label(self, truth: Truth, heard: Heard) -> Feedback | None:
        """Give an answer its labels; the feedback that counts in the end."""
        mine = [f for f in heard.values() if f.model in (truth.event.model, None)]
        truth.fitting = [f for f in mine if self._fits(truth, f)]
        if truth.fitting:
            truth.first = max(ms(truth.fitting[0].timestamp), truth.time), truth.fitting[0].label
        return chosen(truth.fitting)

    def _horizon(self, model: str, feedback: Feedback) -> int:
        rules = self.config.model(model)
        return rules.correction_horizon_ms if feedback.revision else rules.label_horizon_ms

    def _fits(self, truth: Truth, feedback: Feedback) -> bool:
        delay = ms(feedback.timestamp) - truth.time
        model = truth.event.model
        earliest = -self.config.model(model).orphan_horizon_ms
        return earliest <= delay <= self._horizon(model, feedback)

    def _state(
        self,
        event: Feedback,
        heard: Heard,
        answers: dict[tuple[str, str], Truth],
        labelling: set[int],
    ) -> str:
        if id(event) in labelling:
            return "joined"
        if any(model == event.model and revision > event.revision for model, revision in heard):
            return "superseded"
        for truth in answers.values():
            model = truth.event.model
            delay = ms(event.timestamp) - truth.time
            last = self.config.model(model).retention_ms
            if event.model in (model, None) and self._horizon(model, event) < delay <= last:
                return "late"
        return "orphan_expired"

    def _prediction(self, model: str, state: str) -> None:
        self.ledgers[model].predictions_read += 1
        states = self.ledgers[model].predictions
        states[state] = states.get(state, 0) + 1

    def _feedback(self, model: str, state: str) -> None:
        self.ledgers[model].feedback_read += 1
        states = self.ledgers[model].feedback
        states[state] = states.get(state, 0) + 1

    # ---------------------------------------------------------------- all of them

    def windows(self) -> dict[Key, Window]:
        """Every window that holds a prediction."""
        windows: dict[Key, Window] = defaultdict(Window)
        for truth in self.truths:
            for key in self._keys(truth):
                window = windows[key]
                window.predictions += 1
                window.end = key[4] + key[5]
                window.answers.append(truth.event.prediction)
                if truth.event.score is not None:
                    window.scores.append(truth.event.score)
                for name, value in truth.event.features.items():
                    window.present[name] += value is not None
                    if isinstance(value, float):
                        window.values[name].append(value)
                self._add_label(window, truth, key[4])
                if not key[2] and self._first_in(truth, key[4]):
                    assert truth.first is not None
                    window.delays.append((truth.first[0] - truth.time) / 1000)
                self._add_attributions(window, truth, key)
        for key, window in windows.items():
            if not key[2]:
                self._pair(key, window)
        return windows

    def _add_attributions(self, window: Window, truth: Truth, key: Key) -> None:
        told, size = truth.event.attributions, key[4]
        if key[2] or not told:
            return
        window.attributed.append(told)
        if self._first_in(truth, size):
            assert truth.first is not None
            wrong = _error(truth.event.prediction, truth.first[1], ModelKind.MULTICLASS)
            if wrong is not None:
                window.judged.append((told, wrong))

    def _pair(self, key: Key, window: Window) -> None:
        """Add what two versions answered to one request; the later answer says when."""
        model, version, _, _, size, start = key
        for truth, other in permutations(self.truths, 2):
            one, two = truth.event, other.event
            same = (one.request_id, one.model) == (two.request_id, two.model)
            if not same or (one.model, one.version) != (model, version):
                continue
            labels = self._label_in(truth, size), self._label_in(other, size)
            if max(truth.time, other.time) // size * size == start and None not in labels:
                mine, its = (label.label for label in labels if label)
                pair = (one.prediction, mine), (two.prediction, its)
                window.paired[two.version].append(pair)

    def _keys(self, truth: Truth) -> Iterator[Key]:
        event = truth.event
        for field_, value in [("", ""), *event.segments.items()]:
            for size in self.config.windows_ms:
                start = truth.time // size * size
                yield event.model, event.version, field_, value, size, start

    def _first_in(self, truth: Truth, size: int) -> bool:
        """Whether the label heard first is counted in a window of this size."""
        return truth.first is not None and size % self._width(truth, truth.fitting[0]) == 0

    def _label_in(self, truth: Truth, size: int) -> Feedback | None:
        """What labels an answer in a window of this size."""
        # so late a label reaches only windows of whole panes of its level
        return chosen([f for f in truth.fitting if size % self._width(truth, f) == 0])

    def _add_label(self, window: Window, truth: Truth, size: int) -> None:
        label = self._label_in(truth, size)
        if label is not None:
            window.pairs.append((truth.event.prediction, label.label))

    def _width(self, truth: Truth, feedback: Feedback) -> int:
        """The width of the panes that take a label so late."""
        delay = ms(feedback.timestamp) - truth.time
        fitting = [level for level in self.config.panes if delay <= level.span_ms]
        return (fitting[0] if fitting else self.config.panes[-1]).width_ms

    def kind(self, model: str, end: int) -> ModelKind:
        """What a model is taken for in a window that ends at ``end``, by its answers before."""
        fixed = self.config.model(model).kind
        if fixed is not None:
            return fixed
        answers = [
            t.event.prediction for t in self.truths if t.event.model == model and t.time < end
        ]
        if 10 * sum(name(answer) is None for answer in answers) >= len(answers):
            return ModelKind.REGRESSION
        odd = sum(binary(answer) is None and name(answer) is not None for answer in answers)
        return ModelKind.MULTICLASS if 100 * odd > len(answers) else ModelKind.BINARY

    def label_panes(self) -> dict[tuple[str, int], list[float]]:
        """The errors of first labels by model and pane of label time.

        An error is 0 or 1 for classes, and a distance for numbers.
        """
        width = self.config.panes[0].width_ms
        panes: dict[tuple[str, int], list[float]] = defaultdict(list)
        for truth in self.truths:
            if truth.first is None:
                continue
            time, label = truth.first
            start = time // width * width
            kind = self.kind(truth.event.model, start + width)
            error = _error(truth.event.prediction, label, kind)
            if error is not None:
                panes[truth.event.model, start].append(error)
        return dict(panes)

    def binned_errors(self, model: str, version: str) -> dict[tuple[str, object], list[float]]:
        """The errors of first labels of a version's answers, by feature and value."""
        found: dict[tuple[str, object], list[float]] = defaultdict(list)
        for truth in self.truths:
            event = truth.event
            if (event.model, event.version) != (model, version) or truth.first is None:
                continue
            error = _error(event.prediction, truth.first[1], ModelKind.MULTICLASS)
            if error is not None:
                for feature in ("gone", "word", "x"):
                    found[feature, event.features.get(feature)].append(error)
        return dict(found)


def _error(predicted: Outcome, label: Outcome, kind: ModelKind) -> float | None:
    if kind is ModelKind.REGRESSION:
        x, y = number(predicted), number(label)
        return None if x is None or y is None else abs(x - y)
    if name(predicted) is None or name(label) is None:
        return None
    if binary(predicted) is not None and binary(label) is not None:
        return binary(predicted) != binary(label)
    return name(predicted) != name(label)
