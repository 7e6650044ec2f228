"""What is told apart of one model over all its source partitions, within the limits.

Each source partition keeps to the limits by itself, first come, first kept, and may have met other
names first. So their union can be as many times the limits as there are partitions, and monitor
holds the limits once more: what is over one is folded into ``__other__`` or left out here, too, and
counted.
"""

import msgspec

from tidegauge.core.catalog import ModelCatalog, ModelNames
from tidegauge.core.config import CoreConfig
from tidegauge.core.panes import OutcomeKey, SlotKey
from tidegauge.core.partial import SampleRow
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.attributions import AttributionCounts
from tidegauge.core.stats.classes import OTHER, ClassCounts
from tidegauge.core.stats.counts import add_counts
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.paired import PairedCounts
from tidegauge.core.sums import SlotSums


class Told:
    """The names of one model that are told apart.

    Args:
        config: the limits, and the segment fields that are kept.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._limits = config.limits
        self._fields = config.segment_fields
        self.names = ModelNames(ModelCatalog(), self._limits, self._fields)
        self.names.changed = False

    def restore(self, catalog: ModelCatalog) -> None:
        """Take back what was told apart before."""
        self.names = ModelNames(catalog, self._limits, self._fields)
        self.names.changed = False

    def slot(self, key: SlotKey, sums: SlotSums) -> SlotKey | None:
        """Where the delta of one slot is to be counted; None: nowhere.

        Names inside ``sums`` that are not told apart are folded in place.
        """
        place = self._place(key.version, key.field, key.value)
        if place is None:
            return None
        sums.features = {r: self._features(table) for r, table in sums.features.items()}
        if sums.attributions is not None:
            sums.attributions = self._attributions(sums.attributions)
        if sums.answers is not None:
            self._fold_answers(sums.answers)
        if sums.classes is not None:
            self._fold_classes(sums.classes)
        if sums.paired:
            sums.paired = self._paired(place[0], sums.paired)
        return SlotKey(*place, key.level, key.start)

    def outcome(self, key: OutcomeKey) -> OutcomeKey | None:
        """Where first labels are to be counted; None: nowhere."""
        place = self._place(key.version, key.field, key.value)
        return None if place is None else OutcomeKey(*place, key.start)

    def row(self, row: SampleRow) -> SampleRow:
        """A sampled prediction with the features that are told apart."""
        version = self.names.version(row.version)
        if row.features.keys() <= self.names.features and version == row.version:
            return row
        kept = {n: value for n, value in row.features.items() if n in self.names.features}
        return msgspec.structs.replace(row, version=version, features=kept)

    def _place(self, version: str, field: str, value: str) -> tuple[str, str, str] | None:
        told = self.names.version(version)
        if not field:
            return told, field, value
        segment = self.names.segment(field, value)
        return None if segment is None else (told, *segment)

    def _features(self, table: dict[str, FeatureCounts]) -> dict[str, FeatureCounts]:
        if not table.keys() <= self.names.features:
            self.names.take_features([table])
        known = self.names.features
        if table.keys() <= known:
            return table
        return {name: counts for name, counts in table.items() if name in known}

    def _attributions(self, counts: AttributionCounts) -> AttributionCounts:
        names = counts.magnitudes.keys() - {OTHER}
        self.names.take_features([dict.fromkeys(names)])
        return counts.only(self.names.features)

    def _fold_answers(self, answers: AnswerCounts) -> None:
        told = {name: self.names.class_name(name, count) for name, count in answers.classes.items()}
        if any(name != known for name, known in told.items()):
            counts, answers.classes = answers.classes, {}
            for name, count in counts.items():
                add_counts(answers.classes, {told[name]: count})

    def _fold_classes(self, classes: ClassCounts) -> None:
        cells, changed = dict[tuple[str, str], int](), False
        for pair, count in classes.confusion.items():
            predicted, label = (self.names.class_name(name, abs(count)) for name in pair)
            add_counts(cells, {(predicted, label): count})
            if (predicted, label) != pair:
                changed = True
                if predicted == label == OTHER and pair[0] != pair[1]:
                    classes.other_errors += count
        if changed:
            classes.confusion = cells

    def _paired(self, version: str, paired: dict[str, PairedCounts]) -> dict[str, PairedCounts]:
        # as in collect, what is folded into OTHER has no pairs
        if version == OTHER:
            return {}
        return {o: pairs for o, pairs in paired.items() if self.names.version(o) != OTHER}
