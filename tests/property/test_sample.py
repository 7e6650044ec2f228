import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.stats.sample import HashSample, SampledPrediction

VALUES = st.one_of(st.none(), st.floats(-1, 1), st.booleans(), st.sampled_from("ab"))
ROWS = st.builds(
    SampledPrediction,
    st.dictionaries(st.sampled_from("xy"), VALUES),
    st.one_of(st.none(), st.floats(0, 1)),
    st.integers(0, 1),
)
OFFERS = st.lists(st.tuples(st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1)), ROWS))
SIZES = st.integers(1, 8)


def take(k: int, offers: list) -> HashSample:
    sample = HashSample(k)
    for hashed, row in offers:
        sample.add(hashed, row)
    return sample


def encoded(sample: HashSample) -> bytes:
    return msgspec.msgpack.encode(sample.to_wire(), order="deterministic")


@given(OFFERS, SIZES, st.randoms())
def test_any_order_and_any_partition_give_the_same_sample(offers: list, k: int, random) -> None:
    whole = take(k, offers)
    random.shuffle(offers)
    cut = random.randint(0, len(offers))
    first, second = take(k, offers[:cut]), take(k, offers[cut:])
    first.merge(second)
    assert encoded(first) == encoded(whole)
    second.merge(take(k, offers[:cut]))
    assert encoded(second) == encoded(whole)


@given(OFFERS, SIZES)
def test_the_sample_is_the_bottom_k(offers: list, k: int) -> None:
    expected = sorted({hashed for hashed, _ in offers})[:k]
    assert [hashed for hashed, _ in take(k, offers).items()] == expected


@given(OFFERS, SIZES)
def test_wire_form_round_trips(offers: list, k: int) -> None:
    sample = take(k, offers)
    wire = msgspec.msgpack.decode(msgspec.msgpack.encode(sample.to_wire()))
    assert HashSample.from_wire(wire).items() == sample.items()
