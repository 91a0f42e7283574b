"""What the API counts about itself. Labels are bounded: route templates, methods, classes of status.

Plain integers while serving, one event loop and no locks; they become series when they are read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST

#: The route label of requests that match no route.
NO_ROUTE = "none"

#: Upper bounds in seconds: below the first is the hot path, above the last nobody waits any more.
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class RouteMetrics:
    """The counts of one route and method."""

    __slots__ = ("buckets", "by_class", "method", "route", "seconds")

    def __init__(self, route: str, method: str) -> None:
        self.route = route
        self.method = method
        self.by_class = [0] * 6  # 2 is 2xx
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0

    def answered(self, status: int, elapsed_s: float) -> None:
        self.by_class[status // 100] += 1
        self.buckets[bisect_left(BUCKETS_S, elapsed_s)] += 1
        self.seconds += elapsed_s


class ApiMetrics(Collector):
    """One set a server.

    sockets: open event sockets. sockets_closed: those the server closed, by close code.
    """

    def __init__(self) -> None:
        self._routes: list[RouteMetrics] = []
        self._unmatched = {method: self.of(NO_ROUTE, method) for method in (*_METHODS, "other")}
        self.sockets = 0
        self.sockets_closed: Counter[int] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def of(self, route: str, method: str) -> RouteMetrics:
        self._routes.append(RouteMetrics(route, method))
        return self._routes[-1]

    def unmatched(self, method: str) -> RouteMetrics:
        return self._unmatched[method if method in _METHODS else "other"]

    def exposition(self, engine: CollectorRegistry) -> bytes:
        """All series, the engine's first, in Prometheus' text format."""
        return generate_latest(engine) + generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "ringback_http_requests", "Answered requests.", labels=("route", "method", "status")
        )
        seconds = HistogramMetricFamily(
            "ringback_http_request_seconds",
            "From the request's headers to its answer; for a socket, to its end.",
            labels=("route", "method"),
        )
        for one in self._routes:
            for hundreds, count in enumerate(one.by_class):
                if count:
                    requests.add_metric((one.route, one.method, f"{hundreds}xx"), count)
            if one.seconds:
                seconds.add_metric((one.route, one.method), _cumulative(one.buckets), one.seconds)
        yield requests
        yield seconds
        yield GaugeMetricFamily("ringback_event_sockets", "Open event sockets.", self.sockets)
        closed = CounterMetricFamily(
            "ringback_event_sockets_closed", "Event sockets the server closed.", labels=("code",)
        )
        for code, count in self.sockets_closed.items():
            closed.add_metric((str(code),), count)
        yield closed


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    counted = []
    for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
        total += count
        counted.append((bound, float(total)))
    return counted
