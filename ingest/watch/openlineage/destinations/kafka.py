"""Events into a topic of Kafka."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from ingest.watch.openlineage.destinations.base import Destination, text_of
from ingest.watch.openlineage.telling import Told

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

INSTALL = "confluent-kafka is not installed. Install it: pip install 'ingest[kafka]'"
_KEYS = {"type", "topic", "config", "flush", "messageKey", "message_key"}


class Kafka(Destination):
    """Produces each event, and learns later whether a broker has taken it.

    The events of a job, and of the runs that one parent has started, have the same key: their order
    stays as it is. librdkafka keeps trying until a run is over; what it says goes to the log, not
    to the terminal.
    """

    def __init__(self, config: Mapping[str, Any], topic: str, key: str | None) -> None:
        try:
            from confluent_kafka import Producer  # noqa: PLC0415 - an extra
        except ImportError:
            raise RuntimeError(INSTALL) from None

        quiet = logging.getLogger(f"{__name__}.librdkafka")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        own = {"logger": quiet, "error_cb": self._trouble}
        self._producer = Producer({**config, **own})
        self._topic = topic
        self._key = key
        self._error = ""

    @classmethod
    def of(cls, transport: dict[str, Any]) -> Self | None:
        """Return what produces as a transport says; None if it is not for this one."""
        config, topic = transport.get("config"), transport.get("topic")
        if not isinstance(config, dict) or not topic or transport.keys() - _KEYS:
            return None
        key = transport.get("messageKey") or transport.get("message_key")
        return cls(config, str(topic), key)

    def send(self, event: Told) -> None:
        """Hand an event to librdkafka, which sends it from a thread of its own."""
        key = self._key or key_of(event)
        self._producer.produce(self._topic, text_of(event), key, on_delivery=self._delivered)
        self._producer.poll(0)

    def close(self, seconds: float) -> None:
        """Wait until all is delivered.

        Raises:
            TimeoutError: it was not, in this time.
            OSError: a broker has refused it.
        """
        left = self._producer.flush(seconds)
        if self._error:
            raise OSError(self._error)
        if left:
            self._producer.purge()
            why = f": {self.trouble}" if self.trouble else ""
            raise TimeoutError(f"no broker has taken {left} of the events in {seconds:g} s{why}")

    def _trouble(self, error: "KafkaError") -> None:
        self.trouble = error.str()

    def _delivered(self, error: "KafkaError | None", _message: "Message") -> None:
        if error is None:
            self.answered = True
        else:
            self._error = error.str()


def key_of(event: Told) -> str:
    """Return the key of an event, as OpenLineage's own clients make it."""
    parent = event["run"]["facets"].get("parent", {})
    job = parent.get("root", parent).get("job", event["job"])
    return f"run:{job['namespace']}/{job['name']}"
