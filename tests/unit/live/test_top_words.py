"""How figures and times are written."""

import pytest

from tidegauge.live import words


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (words.share(0.8571), "85.7%"),
        (words.share(None), "-"),
        (words.whole_share(1.0), "100%"),
        (words.whole_share(0.9999), ">99%"),
        (words.whole_share(0.0), "0%"),
        (words.whole_share(0.0001), "<1%"),
        (words.whole_share(None), "-"),
        (words.points(-0.124), "-12.4"),
        (words.number(0.02346), "0.0235"),
        (words.number(999.6), "1,000"),
        (words.number(-123456.0), "-123,456"),
        (words.decimals(0.5), "0.500"),
        (words.signed_decimals(0.5), "+0.500"),
        (words.count(12345), "12,345"),
        (words.plural(1, "model"), "1 model"),
        (words.plural(2000, "model"), "2,000 models"),
        (words.rate(1234.0), "1,234/s"),
        (words.rate(0.5), "30/min"),
        (words.rate(0.005), "18/h"),
        (words.rate(0.0), "0/h"),
        (words.seconds(0.0042), "4.2 ms"),
        (words.seconds(2.5), "2.5 s"),
        (words.lasting(None), "-"),
        (words.lasting(0.5), "500 ms"),
        (words.lasting(600), "10.0 min"),
        (words.lasting(8_100), "2.2 h"),
        (words.lasting(200_000), "2.3 d"),
        (words.moment(1_360_332_000_000), "2013-02-08 14:00"),
        (words.short_moment(None), "-"),
        (words.second(1_360_332_000_000), "14:00:00"),
        (words.span(1_360_332_000_000, 1_360_332_300_000), "02-08 14:00 +5m"),
        (words.ago(-5), "0s"),
        (words.ago(61_000), "1m"),
        (words.ago(90_000_000), "1d"),
        (words.shortened("abcdef", 4), "abc…"),
        (words.shortened("abcd", 4), "abcd"),
        (words.spark([]), ""),
        (words.spark([None]), ""),
        (words.spark([1.0, None, 2.0, 1.5]), "▁ █▅"),
        (words.spark([3.0, 3.0]), "▄▄"),
    ],
)
def test_figures_are_written_for_people(written, expected):
    assert written == expected
