"""Which reference profile is in effect when, for the versions of one model.

Both stages keep this. A profile is announced once, on the topic of references, and holds from its
stated pane on, or from the first pane that the one who hears of it has not begun (collect) or
closed (monitor), if that is later. What came before stays compared with what was in effect then.
What a person announced, built from a file or pinned, is never replaced by a learned profile.
"""

import msgspec

from tidegauge.core.stats.reference import Origin, ReferenceProfile

KEPT = 3
"""Profiles of one version that are remembered: the newest, and those that late events and open
windows may still be compared with."""


class Adopted(msgspec.Struct, array_like=True):
    """A reference profile and the pane from which it is used here, in ms."""

    since: int
    profile: ReferenceProfile


class References(dict[str, list[Adopted]]):
    """The profiles of one model by version, in the order in which they were announced."""

    def adopt(self, profile: ReferenceProfile, earliest: int) -> bool:
        """Use ``profile`` from its stated pane on, but not before ``earliest``.

        Args:
            profile: what was announced.
            earliest: start of the first pane that it may be used for, in ms.

        Returns:
            Whether it is used: False when it is known, or learned where one is fixed.
        """
        known = self.get(profile.version, [])
        if any(a.profile.id == profile.id for a in known):
            return False
        if profile.origin is Origin.LEARNED and self.fixed(profile.version) is not None:
            return False
        since = max(profile.effective_from, earliest)
        kept = [adopted for adopted in known if adopted.since < since]
        self[profile.version] = [*kept, Adopted(since, profile)][-KEPT:]
        return True

    def at(self, version: str, start: int) -> ReferenceProfile | None:
        """The profile in effect for a pane of ``version`` that starts at ``start``, in ms."""
        for adopted in reversed(self.get(version, ())):
            if adopted.since <= start:
                return adopted.profile
        return None

    def newest(self, version: str) -> ReferenceProfile | None:
        """The profile that was announced last, in effect or not yet."""
        known = self.get(version)
        return known[-1].profile if known else None

    def fixed(self, version: str) -> ReferenceProfile | None:
        """The newest profile if a person announced it."""
        newest = self.newest(version)
        return newest if newest is not None and newest.origin is not Origin.LEARNED else None
