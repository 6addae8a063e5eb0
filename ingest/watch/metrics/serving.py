"""Giving the metrics of a run to Prometheus: an endpoint until it is over, a push at its end."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.core.errors import ConfigError
from ingest.records.events import AttemptBegan, Event
from ingest.records.history import History, Listener

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

log = logging.getLogger(__name__)
PORT, PUSH = "INGEST_METRICS_PORT", "INGEST_PUSHGATEWAY"
_PUSH_S = 5.0


@contextmanager
def serving(environment: Mapping[str, str] = os.environ) -> Iterator[tuple[Listener, ...]]:
    """Give what is to listen to a run; nothing if nobody has asked for metrics.

    `INGEST_METRICS_PORT` has the driver answer on that port, `INGEST_PUSHGATEWAY` has it push once
    the attempt has ended. That nobody takes them is a warning.

    Raises:
        ConfigError: the port is not one, or is taken.
    """
    port, gateway = environment.get(PORT, ""), environment.get(PUSH, "")
    if not port and not gateway:
        yield ()
        return
    # here, because it takes 50 ms that most runs need not pay
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    from ingest.watch.metrics.collector import Runs, Watched  # noqa: PLC0415

    watched: list[Watched] = []

    def see(event: Event, history: History) -> None:
        if isinstance(event, AttemptBegan):
            watched[:] = [Watched(event.job, event.run_id, history)]
        if watched:
            watched[0].last_at = event.at

    registry = CollectorRegistry()
    registry.register(Runs(lambda: tuple(watched)))
    with _endpoint(port, registry):
        try:
            yield (see,)
        finally:
            if gateway and watched:
                _push(gateway, watched[0].job, registry)


@contextmanager
def _endpoint(port: str, registry: "CollectorRegistry") -> Iterator[None]:
    if not port:
        yield
        return
    from prometheus_client import start_http_server  # noqa: PLC0415 - see above

    try:
        server, thread = start_http_server(int(port), registry=registry)
    except (ValueError, OverflowError):
        raise ConfigError(
            f'{PORT}: "{port}" is not a port. Write a number from 1 to 65535'
        ) from None
    except OSError as error:
        raise ConfigError(f"{PORT}: port {port}: {error.strerror}. Choose another port") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _push(gateway: str, job: str, registry: "CollectorRegistry") -> None:
    from prometheus_client import push_to_gateway  # noqa: PLC0415 - see above

    try:
        push_to_gateway(gateway, job=job, registry=registry, timeout=_PUSH_S)
    except OSError as error:
        log.warning("%s: %s: metrics were not pushed: %s", PUSH, gateway, error)
