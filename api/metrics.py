"""What the API counts about itself. Labels are bounded: route templates, methods, classes of status."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

#: The route label of requests that match no route.
NO_ROUTE = "none"

_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"})


class RouteMetrics:
    """The series of one route and method; looked up once, since label lookups cost microseconds."""

    __slots__ = ("_by_class", "_seconds")

    def __init__(self, requests: Counter, seconds: Histogram, route: str, method: str) -> None:
        self._by_class = [requests.labels(route, method, f"{hundreds}xx") for hundreds in range(1, 6)]
        self._seconds = seconds.labels(route, method)

    def answered(self, status: int, elapsed_s: float) -> None:
        self._by_class[status // 100 - 1].inc()
        self._seconds.observe(elapsed_s)


class ApiMetrics:
    """One set a server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ringback_http_requests",
            "Answered requests.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "ringback_http_request_seconds",
            "From the request's headers to its answer.",
            ("route", "method"),
            registry=self._registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.sockets = Gauge("ringback_event_sockets", "Open event sockets.", registry=self._registry)
        self.sockets_closed = Counter(
            "ringback_event_sockets_closed",
            "Event sockets closed by the server, by close code.",
            ("code",),
            registry=self._registry,
        )
        self._unmatched = {method: self.of(NO_ROUTE, method) for method in (*sorted(_METHODS), "other")}

    def of(self, route: str, method: str) -> RouteMetrics:
        return RouteMetrics(self._requests, self._seconds, route, method)

    def unmatched(self, method: str) -> RouteMetrics:
        return self._unmatched[method if method in _METHODS else "other"]

    def exposition(self, engine: CollectorRegistry) -> bytes:
        """All series, the engine's first, in Prometheus' text format."""
        return generate_latest(engine) + generate_latest(self._registry)
