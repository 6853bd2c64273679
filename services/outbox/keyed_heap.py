"""A queue in order of keys whose items can be moved and taken out, each step in O(log n)."""

from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, TypeVar

Item = TypeVar("Item")
Key = tuple[float, ...]


class KeyedHeap(Generic[Item]):
    """Items by their keys, the smallest first; of equal keys the one that was put first."""

    __slots__ = ("_heap", "_keys", "_turn")

    def __init__(self) -> None:
        self._keys: dict[Item, tuple[Key, int]] = {}
        self._heap: list[tuple[Key, int, Item]] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, item: Item, key: Key) -> None:
        """Put an item in, or move it to another key."""
        place = self._keys.get(item)
        if place is not None and place[0] == key:
            return
        self._turn += 1
        self._keys[item] = (key, self._turn)
        heappush(self._heap, (key, self._turn, item))
        self._tidy()

    def drop(self, item: Item) -> None:
        """Take an item out, if it is there."""
        if self._keys.pop(item, None) is not None:
            self._tidy()

    def first(self) -> Item | None:
        """The item with the smallest key, which stays where it is; None if there is none."""
        heap = self._heap
        while heap:
            _, turn, item = heap[0]
            place = self._keys.get(item)
            if place is not None and place[1] == turn:
                return item
            heappop(heap)
        return None

    def key(self) -> Key:
        """The smallest key, infinity if there is none."""
        return (inf,) if self.first() is None else self._heap[0][0]

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._keys) + 64:
            self._heap = [(key, turn, item) for item, (key, turn) in self._keys.items()]
            heapify(self._heap)
