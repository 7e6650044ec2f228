"""What a campaign keeps of its trials."""

from collections import Counter
from pathlib import Path

import verdicts
from verdicts import Verdict

EXACT = Verdict(
    seed=2,
    faults=Counter({"kill": 1, "join": 2}),
    events=6_000,
    codes=Counter({-9: 1, 70: 2}),
    takeovers=[("kill", 4.21), ("kill", 2.0), ("terminate", 1.0)],
)
WRONG = Verdict(1, Counter({"kill": 1}), 5_000, 3, 1, {"ledgers": ("a", "b")})


def test_a_file_has_what_a_table_needs(tmp_path: Path):
    file = tmp_path / "verdicts.jsonl"
    file.write_text("".join(f"{verdicts.line(one)}\n" for one in (EXACT, WRONG)), encoding="utf-8")
    read = verdicts.read(file)
    assert [one.seed for one in read] == [1, 2]
    assert [one.exact for one in read] == [False, True]
    assert read[1].codes == EXACT.codes
    assert verdicts.rows(read) == [
        ("join", "2", "0", "", "", "", ""),
        ("kill", "2", "1", "2", "3.1 s", "4.2 s", "4.2 s"),
        ("terminate", "", "", "1", "1.0 s", "1.0 s", "1.0 s"),
    ]
    assert verdicts.total(read) == (
        "2 trials, 11,000 events, 3 lost, 1 doubled, 1 trials not exact: seeds [1]"
    )


def test_a_file_that_is_not_there_has_none(tmp_path: Path):
    assert verdicts.read(tmp_path / "none.jsonl") == []
