"""A stage that counts what it is told, so that every loss and every replay shows.

Its state is a count for each record, and for each input topic how many there were; it sends on each
record with its number. Nothing in it is idempotent.
"""

from collections.abc import Callable, Mapping

from modelkafka import Record

from tidegauge.worker.stage import Chunk, Output, Snapshot, StageSpec

COUNT = b"c"
NUMBER = b"n"


class BrokenPromiseError(Exception):
    """The shell told the stage something about time that was not true."""


class CountStage:
    """Counts the records of one partition.

    Args:
        inputs: Its topics.
        output: The topic and partition it writes to.
        name: Told with all that it writes.
        told: Called with each record once it is counted; may raise, as a bug would.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        output: tuple[str, int],
        name: str,
        told: Callable[[Record], None],
    ) -> None:
        self._output, self._name, self._told = output, name, told
        self._counts: dict[bytes, int] = {}
        self._numbers = dict.fromkeys(inputs, 0)
        self._seen = dict.fromkeys(inputs, 0)
        self._complete = dict.fromkeys(inputs, 0)
        self._changed: dict[bytes, bytes] = {}
        self._outputs: list[Output] = []

    def restore(self, key: bytes, value: bytes | None) -> None:
        assert value is not None
        if key.startswith(COUNT):
            self._counts[key] = int(value)
        else:
            self._numbers[key.removeprefix(NUMBER).decode()] = int(value)

    def restored(self) -> None:
        """Nothing follows from the whole."""

    def process(self, chunk: Chunk) -> None:
        for record in chunk.records:
            if not chunk.start <= record.offset < chunk.end:
                raise BrokenPromiseError(f"{record} is not in {chunk.start}..{chunk.end}")
            if record.timestamp <= self._complete[chunk.topic]:
                raise BrokenPromiseError(f"{record} came when its time was complete")
            self._seen[chunk.topic] = record.timestamp
            self._count(record)
            self._told(record)
        self._advance({chunk.topic: chunk.complete_until_ms})

    def _count(self, record: Record) -> None:
        assert record.value is not None
        key = COUNT + record.value
        self._counts[key] = self._counts.get(key, 0) + 1
        self._changed[key] = b"%d" % self._counts[key]
        number = self._numbers[record.topic] = self._numbers[record.topic] + 1
        self._changed[NUMBER + record.topic.encode()] = b"%d" % number
        value = f"{self._name}.{record.topic}.{number}<{record.value.decode()}>".encode()
        self._outputs.append(Output(*self._output, None, value))

    def tick(self, complete_until_ms: Mapping[str, int]) -> None:
        self._advance(complete_until_ms)

    def _advance(self, complete: Mapping[str, int]) -> None:
        for topic, until in complete.items():
            if until < self._complete[topic]:
                raise BrokenPromiseError(f"the time of {topic} went back to {until}")
            self._complete[topic] = until

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """There is no broadcast topic."""

    def preferred(self) -> str | None:
        return min(self._seen, key=lambda topic: self._seen[topic])

    def snapshot(self) -> Snapshot:
        state, outputs = list(self._changed.items()), self._outputs
        self._changed, self._outputs = {}, []
        return Snapshot(list(state), outputs)

    @property
    def dirty(self) -> int:
        return len(self._changed) + len(self._outputs)


PARTITIONS = 2
TOPICS = {"a": PARTITIONS, "b": PARTITIONS, "middle": 1, "out": 1, "first": PARTITIONS, "second": 1}
INPUTS = {"first": ("a", "b"), "second": ("middle",)}
OUTPUT = {"first": "middle", "second": "out"}


def count_specs(told: Callable[[Record], None]) -> tuple[StageSpec, ...]:
    """Two stages in a row; the second reads what the first commits."""

    def spec(name: str) -> StageSpec:
        inputs, output = INPUTS[name], OUTPUT[name]
        return StageSpec(
            name=name,
            inputs=inputs,
            changelog=name,
            outputs=(output,),
            make_stage=lambda n: CountStage(inputs, (output, 0), f"{name}-{n}", told),
            schema_version=1,
            fingerprint="model",
        )

    return tuple(spec(name) for name in INPUTS)
