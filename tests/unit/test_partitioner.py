import numpy as np
import pytest

from tidegauge.core.partitioner import (
    NO_PARTITION,
    Partitioner,
    murmur2,
    partition_for,
    partitions_for,
)

# From UtilsTest.testMurmur2 of Apache Kafka, where the hashes are signed.
JAVA_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), JAVA_VECTORS.items())
def test_murmur2_is_the_one_of_the_java_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


def test_crc32_is_the_one_of_librdkafka() -> None:
    # The check value of CRC-32/ISO-HDLC, which librdkafka takes modulo the partition count.
    assert partition_for(b"123456789", 2**33, "crc32") == 0xCBF43926


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_a_record_without_key_has_no_partition(partitioner: Partitioner) -> None:
    assert partition_for(None, 8, partitioner) == NO_PARTITION
    found = partitions_for([b"a", None, b"", None], 8, partitioner)
    assert found[[1, 3]].tolist() == [NO_PARTITION, NO_PARTITION]
    assert found[0] == partition_for(b"a", 8, partitioner)
    assert found[2] == partition_for(b"", 8, partitioner)


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_an_empty_batch_has_no_partitions(partitioner: Partitioner) -> None:
    found = partitions_for([], 8, partitioner)
    assert found.shape == (0,)
    assert found.dtype == np.int64


def test_one_very_long_key_does_not_change_the_others() -> None:
    keys = [b"short", b"x" * 100_000, b"", b"request-17"]
    assert partitions_for(keys, 64).tolist() == [partition_for(key, 64) for key in keys]
