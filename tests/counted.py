"""What was counted since a test began: the counters belong to the process."""

from prometheus_client import REGISTRY


def _samples() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }


class Counted:
    """Tells by how much each series grew since this was made."""

    def __init__(self) -> None:
        self._before = _samples()

    def __call__(self, name: str, **labels: str) -> float:
        """The growth of a series, without the prefix of all names."""
        key = (f"pho2video_{name}", frozenset(labels.items()))
        return _samples().get(key, 0.0) - self._before.get(key, 0.0)
