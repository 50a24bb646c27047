"""Every metric of the API: names, types, help and labels."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class Metrics:
    """One process's metrics. Labels are bounded: `route` is a route's template, never a path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "ebbtide_api_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "ebbtide_api_request_seconds",
            "From the request's first byte to the answer's last.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.limited = Counter(
            "ebbtide_api_limited",
            "Requests of keys that asked for more than they may.",
            ("key",),
            registry=self.registry,
        )
        self.database = Histogram(
            "ebbtide_api_database_seconds",
            "Transactions, from taking a connection to the commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """What `/metrics` answers."""
        return generate_latest(self.registry)
