import zlib

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from tidegauge.core.partitioner import Partitioner, murmur2, partition_for, partitions_for

keys = st.binary(max_size=70) | st.binary(min_size=1_020, max_size=1_030)
partition_counts = st.integers(min_value=1, max_value=10_000)


@given(key=keys)
def test_murmur2_agrees_with_both_python_clients(key: bytes) -> None:
    assert murmur2(key) == kafka_python_murmur2(key) % 2**32 == aiokafka_murmur2(key)


@given(key=keys, partitions=partition_counts)
def test_crc32_agrees_with_zlib(key: bytes, partitions: int) -> None:
    assert partition_for(key, partitions, "crc32") == zlib.crc32(key) % partitions


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
@given(batch=st.lists(st.none() | keys), partitions=partition_counts)
def test_a_batch_is_the_same_as_one_by_one(
    partitioner: Partitioner, batch: list[bytes | None], partitions: int
) -> None:
    expected = [partition_for(key, partitions, partitioner) for key in batch]
    assert partitions_for(batch, partitions, partitioner).tolist() == expected
