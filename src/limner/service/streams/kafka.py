"""A topic of Kafka, all of its partitions or a group's share of them."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, final

import structlog

from limner.errors import BadConfig, BadSource, MissingExtra
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Known, Lost, Message

__all__ = ["Kafka"]

_ANSWER_S = 15.0
_LOOK_S = 60.0
"""So often it is looked for partitions that are new."""
_OURS = frozenset(
    {"bootstrap.servers", "enable.auto.commit", "enable.partition.eof", "auto.offset.reset"}
    | {"enable.auto.offset.store", "group.id", "partition.assignment.strategy"}
)


@final
class Kafka:
    """Reads ``kafka://host:port,host:port/topic``.

    Without ``?group=`` one worker reads all partitions; with it, workers of one group share them,
    and after each transaction the group's offsets are told to Kafka. Where to begin says the
    store, partition by partition; where it knows nothing, the group's offset, or the oldest
    message there is. What librdkafka needs beyond, for instance for TLS, stands in
    ``[worker.kafka]``.
    """

    schemes: Sequence[str] = ("kafka",)

    def __init__(self, address: Address, config: WorkerConfig, known: Known) -> None:
        try:
            import confluent_kafka
        except ModuleNotFoundError:
            raise MissingExtra("Kafka", "confluent-kafka", "kafka") from None
        address.only("group")
        self.topic = address.path.strip("/")
        if not address.host or not self.topic:
            raise BadConfig(
                f"Kafka must have an address and a topic, got {address.name!r}",
                hint="kafka://localhost:9092/events",
            )
        taken = sorted(_OURS & config.kafka.keys())
        if taken:
            raise BadConfig(f"[worker.kafka] must not set {taken[0]!r}; it is set here")
        self.name, self._known, self._lost = address.name, known, config.lost
        self._kafka = confluent_kafka
        self._group = address.options.get("group")
        self._log = structlog.get_logger("limner.kafka")
        self._given = False
        self._ends: dict[int, bool] = {}
        self._next: dict[int, int] = {}
        self._looked = time.monotonic()
        self._consumer: Any = None
        try:
            self._consumer = confluent_kafka.Consumer(
                {
                    "log_level": 0,
                    **config.kafka,
                    "bootstrap.servers": address.host,
                    "group.id": self._group or "limner",
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "error",
                    "error_cb": self._told,
                }
            )
            partitions = self._partitions()
            if self._group is None:
                self._assign(partitions)
            else:
                self._consumer.subscribe(
                    [self.topic],
                    on_assign=lambda _, given: self._assign([each.partition for each in given]),
                    on_revoke=lambda *_: self._forget(),
                    on_lost=lambda *_: self._forget(),
                )
        except confluent_kafka.KafkaException as error:
            self.close()
            raise self._trouble(error.args[0]) from None
        except BadSource:
            self.close()
            raise

    def read(self, most: int, *, wait_s: float) -> list[Message]:
        """Return the next messages of any partition."""
        assert self._consumer is not None
        found, gone = [], False
        try:
            if self._group is None and time.monotonic() - self._looked > _LOOK_S:
                self._look()
            for each in self._consumer.consume(most, wait_s):
                partition, error = each.partition(), each.error()
                if error is None:
                    found.append(self._message(each))
                elif error.code() == self._kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001
                    self._ends[partition or 0] = True
                elif error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
                    self._gone(partition or 0, str(each.offset()))
                    gone = True
                elif not error.retriable():
                    raise self._trouble(error)
            if gone:
                self._go_on()
        except self._kafka.KafkaException as error:
            raise self._trouble(error.args[0]) from None
        return found

    def ended(self) -> bool:
        """Whether every partition that is read here was read to its end."""
        return self._given and all(self._ends.values())

    def commit(self, positions: Mapping[str, str]) -> None:
        """Tell the group how far partitions are stored; what Kafka makes of it does not matter."""
        if self._group is None or self._consumer is None:
            return
        told = [
            self._kafka.TopicPartition(self.topic, int(source.rpartition("/")[2]), int(position))
            for source, position in positions.items()
        ]
        with suppress(self._kafka.KafkaException):
            self._consumer.commit(offsets=told, asynchronous=True)

    def close(self) -> None:
        """Leave the group, and close the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(self._kafka.KafkaException):
                consumer.close()

    def _message(self, message: Any) -> Message:  # noqa: ANN401 - librdkafka's
        partition, offset = message.partition(), message.offset()
        self._ends[partition] = False
        self._next[partition] = offset + 1
        kind, sent_ms = message.timestamp()
        known = kind != self._kafka.TIMESTAMP_NOT_AVAILABLE
        sent = datetime.fromtimestamp(sent_ms / 1000, UTC) if known else None
        return Message(self._source(partition), str(offset + 1), message.value() or b"", sent)

    def _source(self, partition: int) -> str:
        return f"{self.name}/{partition}"

    def _partitions(self) -> list[int]:
        """Return the numbers of the topic's partitions; raises BadSource if there are none."""
        assert self._consumer is not None
        topic = self._consumer.list_topics(self.topic, timeout=_ANSWER_S).topics[self.topic]
        if topic.error is not None or not topic.partitions:
            told = topic.error.str() if topic.error is not None else "it has no partitions"
            raise BadSource(
                f"{self.name} must be a topic that can be read, but: {told}",
                hint="is it spelt right? kafka-topics --create --topic NAME makes one",
            )
        return sorted(topic.partitions)

    def _assign(self, partitions: Sequence[int]) -> None:
        """Begin partitions as the store says, else as the group does, else at the oldest."""
        stored, place = self._known(), self._kafka.TopicPartition
        told = {each: int(stored.get(self._source(each), -1)) for each in partitions}
        fresh = [place(self.topic, each) for each, offset in told.items() if offset < 0]
        if self._group is not None and fresh:
            assert self._consumer is not None
            for one in self._consumer.committed(fresh, timeout=_ANSWER_S):
                told[one.partition] = one.offset
        oldest = self._kafka.OFFSET_BEGINNING
        self._next |= {each: at if at >= 0 else oldest for each, at in told.items()}
        self._ends |= dict.fromkeys(partitions, False)
        self._given = True
        self._go_on()

    def _go_on(self) -> None:
        """Read on at the places where partitions are."""
        assert self._consumer is not None
        place = self._kafka.TopicPartition
        self._consumer.assign([place(self.topic, each, at) for each, at in self._next.items()])

    def _forget(self) -> None:
        self._given, self._ends, self._next = False, {}, {}

    def _look(self) -> None:
        """Read partitions that were added since."""
        self._looked = time.monotonic()
        with suppress(BadSource):
            new = [each for each in self._partitions() if each not in self._ends]
            if new:
                self._assign(new)

    def _gone(self, partition: int, offset: str) -> None:
        """Stop where messages are gone, or go on with the oldest, as is wanted."""
        source = self._source(partition)
        if self._lost == "stop":
            raise Lost(source, f"offset {offset} is not there any more")
        self._log.warning("messages are gone that were not read", source=source, offset=offset)
        self._next[partition] = self._kafka.OFFSET_BEGINNING

    def _told(self, error: Any) -> None:  # noqa: ANN401 - librdkafka's
        self._log.info("Kafka says", error=error.str())

    def _trouble(self, error: Any) -> BadSource:  # noqa: ANN401 - librdkafka's
        return BadSource(f"{self.name} cannot be read: {error.str()}", hint="does Kafka run there?")
