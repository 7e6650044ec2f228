"""A sample of bounded size that does not depend on order: the items with the smallest hashes.

Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007.
"""

import heapq
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BottomK(Generic[Item]):
    """The items with the smallest hashes of all that were offered; of one hash the first.

    Args:
        size: how many are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._largest_first: list[int] = []
        self.items: dict[int, Item] = {}

    def wants(self, hashed: int) -> bool:
        """Whether an item with this hash would be kept."""
        if hashed in self.items:
            return False
        return len(self.items) < self._size or hashed < -self._largest_first[0]

    def add(self, hashed: int, item: Item) -> None:
        """Offer an item."""
        if not self.wants(hashed):
            return
        if len(self.items) < self._size:
            heapq.heappush(self._largest_first, -hashed)
        else:
            del self.items[-heapq.heapreplace(self._largest_first, -hashed)]
        self.items[hashed] = item
