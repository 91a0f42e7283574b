"""What works right now, and what the engine counts: read when somebody asks, stored nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from engine.adapters.smpp_carrier import SmppSmsCarrier
from engine.errors import EngineError
from engine.messaging.outbox import Outbox
from engine.services import Component
from engine.storage.database import Database

_ANSWER_WITHIN_S = 1.0


class EngineHealth:
    """pbx_links: each PBX and whether it answers."""

    def __init__(
        self,
        database: Database,
        carriers: Sequence[SmppSmsCarrier],
        pbx_links: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._database = database
        self._carriers = carriers
        self._pbx_links = pbx_links

    async def check(self) -> Sequence[Component]:
        """Only the database is required: without a PBX or a carrier, work is still taken and kept."""
        return [
            Component("database", await self._database_answers(), required=True),
            *(Component(f"pbx:{name}", up, required=False) for name, up in self._pbx_links().items()),
            *(
                Component(f"carrier:{carrier.name}", carrier.status().bound, required=False)
                for carrier in self._carriers
            ),
        ]

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await self._database.read(lambda connection: connection.exec_driver_sql("SELECT 1").all())
        except (EngineError, TimeoutError):
            return False
        return True


class EngineMetrics(Collector):
    """Gauges of queues and links. Labels are names from the configuration, so their number is bounded."""

    def __init__(
        self,
        database: Database,
        outboxes: Mapping[str, Outbox],
        carriers: Sequence[SmppSmsCarrier],
        pbx_links: Callable[[], Mapping[str, bool]],
        open_calls: Callable[[], Mapping[str, int]],
    ) -> None:
        self._database = database
        self._outboxes = outboxes
        self._carriers = carriers
        self._pbx_links = pbx_links
        self._open_calls = open_calls

    def registry(self) -> CollectorRegistry:
        """A registry that holds this collector alone."""
        registry = CollectorRegistry()
        registry.register(self)
        return registry

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "ringback_writer_queue", "Operations that wait for a commit.", value=self._database.queue_depth
        )
        segments = GaugeMetricFamily(
            "ringback_segments", "Segments by where they are.", labels=("carrier", "place")
        )
        for name, outbox in self._outboxes.items():
            for place, count in outbox.status().items():
                segments.add_metric((name, place), count)
        yield segments
        binds = GaugeMetricFamily("ringback_bind_up", "1 for a bind that is up.", labels=("carrier", "bind"))
        for carrier in self._carriers:
            for bind in carrier.status().binds:
                binds.add_metric((carrier.name, bind.name), float(bind.state == "bound"))
        yield binds
        links = GaugeMetricFamily("ringback_pbx_up", "1 for a PBX that answers.", labels=("pbx",))
        for name, up in self._pbx_links().items():
            links.add_metric((name,), float(up))
        yield links
        calls = GaugeMetricFamily("ringback_open_calls", "Calls that have not ended.", labels=("pbx",))
        for name, count in self._open_calls().items():
            calls.add_metric((name,), count)
        yield calls
