"""Whether one classifier is right more often than another on the same requests.

Only the *discordant* pairs, in which one of the two is right, tell them apart. The difference in
accuracy has an adjusted Wald interval, which adds one to both counts of discordant pairs (Bonett
and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
paired data", 2012). McNemar's test asks how likely so uneven a split is if both are right equally
often; its mid-p value holds its level where the exact test is too cautious (Fagerland, Lydersen and
Laake, "The McNemar test for binary matched-pairs data", 2013).
"""

import math

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
_NEGLIGIBLE = 1e-16


def difference_interval(n: int, only_one: int, only_other: int) -> tuple[float, float] | None:
    """The 95 % interval of one accuracy less the other, within -1..1.

    Args:
        n: all pairs.
        only_one: pairs in which only the one was right.
        only_other: pairs in which only the other was.

    Returns:
        Both ends; None without pairs.
    """
    if not n:
        return None
    one, other = (only_one + 1) / (n + 2), (only_other + 1) / (n + 2)
    half = Z95 * math.sqrt((one + other - (one - other) ** 2) / (n + 2))
    return max(one - other - half, -1.0), min(one - other + half, 1.0)


def mcnemar_mid_p(only_one: int, only_other: int) -> float | None:
    """The two-sided mid-p value; None without discordant pairs, which say nothing.

    Args:
        only_one: pairs in which only the one was right.
        only_other: pairs in which only the other was.
    """
    n, fewer = only_one + only_other, min(only_one, only_other)
    if not n:
        return None
    choices = math.lgamma(n + 1) - math.lgamma(fewer + 1) - math.lgamma(n - fewer + 1)
    term = math.exp(choices - n * math.log(2))
    if only_one == only_other:
        return 1 - term / 2
    # fewer still, term by term: the binomial distribution falls ever faster towards 0
    total, k = term / 2, fewer
    while (term := term * k / (n - k + 1)) > total * _NEGLIGIBLE:
        total += term
        k -= 1
    return 2 * total
