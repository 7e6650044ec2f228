"""Which events of a batch are at home: in the partition that their request id leads to."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.batch import Refusal
from tidegauge.core.partitioner import Partitioner, partitions_for
from tidegauge.core.reasons import Reason


class Home(NamedTuple):
    """The partition that reads events, among how many, and the rule that places them."""

    partition: int
    partitions: int
    partitioner: Partitioner

    def astray(self, ids: Sequence[bytes], keys: Sequence[bytes | None]) -> npt.NDArray[np.int64]:
        """Which events are not at home.

        Args:
            ids: the request id of each.
            keys: the key of each one's record.
        """
        homes = partitions_for(keys, self.partitions, self.partitioner)
        if ids == keys:
            return np.flatnonzero(homes != self.partition)
        other = np.array([one != key for one, key in zip(ids, keys, strict=True)], np.bool_)
        return np.flatnonzero(other | (homes != self.partition))

    def refusal(self, request_id: str, key: bytes | None, model: str | None) -> Refusal:
        """Why an event that is valid is not joined."""
        if key is None:
            return Refusal(
                Reason.NULL_KEY,
                "the record has no key; publish it with the request id as key, so that "
                "predictions and feedback of one request meet in one partition",
                model,
            )
        if key != request_id.encode():
            return Refusal(
                Reason.KEY_MISMATCH,
                f"the record's key is not its request id {request_id!r}; use the request id as key",
                model,
            )
        (home,) = partitions_for([key], self.partitions, self.partitioner).tolist()
        return Refusal(
            Reason.WRONG_PARTITION,
            f"request {request_id!r} belongs in partition {home} of {self.partitions} by "
            f"{self.partitioner}, but lies in {self.partition}; set the producer's partitioner to "
            f"{self.partitioner} (librdkafka: partitioner=murmur2_random), or the setting "
            "join.partitioner to the producers'",
            model,
        )
