"""What producer.py can do wrong: one class a bug, found by its name. Each overrides the one step that it breaks.

producer.py imports this.
"""

import json
import os
import signal
import time

from bug_registry import Bugs, ChangesLog, Program


class Sound(Program):
    """No bug; what the others are made of."""

    def __init__(self, victim=15):
        super().__init__(victim)

    def lines(self, lines):
        return lines

    def made(self, record, sequence):
        return record

    def sent(self, key, value, sequence, producer):
        """What goes to Kafka for it."""
        return [(key, value)]

    def outcome(self, sequence, outcome, partition, offset):
        return outcome, partition, offset

    def ending(self, producer):
        pass


BUGS = Bugs({"none": Sound})
bug = BUGS.bug
find = BUGS.find


@bug
class FalseAck(Sound):
    """Says of one record that Kafka took it, and never sent it."""

    def sent(self, key, value, sequence, producer):
        if sequence != self.victim:
            return [(key, value)]
        producer.write_outcome(sequence, "ok", 0, 1_000)
        return []


@bug
class FalseAckNowhere(Sound):
    """The same, without a position."""

    def sent(self, key, value, sequence, producer):
        if sequence != self.victim:
            return [(key, value)]
        producer.write_outcome(sequence, "ok")
        return []


@bug
class Truncate(Sound):
    """Sends half of one record, and says that it sent all of it."""

    def sent(self, key, value, sequence, producer):
        return [(key, value[:len(value) // 2] if sequence == self.victim else value)]


@bug
class TruncateAll(Sound):
    """Sends half of each record, and says that it sent all of it."""

    def sent(self, key, value, sequence, producer):
        return [(key, value[:len(value) // 2])]


@bug
class Another(Sound):
    """Sends another amount than it says."""

    def sent(self, key, value, sequence, producer):
        if sequence == self.victim:
            raw = json.loads(value)
            raw["amount"] += 1
            value = json.dumps(raw)
        return [(key, value)]


@bug
class Twice(Sound):
    """Sends one record twice."""

    def sent(self, key, value, sequence, producer):
        return [(key, value)] * (2 if sequence == self.victim else 1)

    def outcome(self, sequence, outcome, partition, offset):
        told = self.__dict__.setdefault("told", set())
        if sequence in told:
            return None, -1, -1
        told.add(sequence)
        return outcome, partition, offset


@bug
class Unsaid(Sound):
    """Sends a record that it does not write down."""

    def sent(self, key, value, sequence, producer):
        if sequence != self.victim:
            return [(key, value)]
        self.unsaid(json.loads(value), producer)
        return [(key, value)]

    def unsaid(self, raw, producer):
        raw["metadata"]["rec"] = f"{producer.args.rec_prefix}.1000000"
        producer.kafka.produce(producer.args.topic, key=raw["id"], value=json.dumps(raw))


@bug
class UnsaidNameless(Unsaid):
    """Sends a record without rec that it does not write down."""

    def unsaid(self, raw, producer):
        raw["id"], raw["metadata"] = "pay_unsaid", {}
        producer.kafka.produce(producer.args.topic, key=raw["id"], value=json.dumps(raw))


@bug
class Late(Sound):
    """Sends one record behind five later ones of its payment."""

    def __init__(self, victim=15):
        super().__init__(victim)
        self.held = None

    def made(self, record, sequence):
        raw = json.loads(record[1])
        raw["id"] = "pay_of_all"
        return raw["id"], json.dumps(raw)

    def sent(self, key, value, sequence, producer):
        if sequence == self.victim:
            self.held = (key, value)
            return []
        if sequence == self.victim + 5:
            producer.kafka.produce(producer.args.topic, key=self.held[0], value=self.held[1],
                                   on_delivery=lambda error, message: producer.told(self.victim, error, message))
        return [(key, value)]


@bug
class SaysFail(Sound):
    """Says of one record that Kafka refused it, which it did not."""

    def outcome(self, sequence, outcome, partition, offset):
        return ("fail", -1, -1) if sequence == self.victim else (outcome, partition, offset)


@bug
class WrongOffset(Sound):
    """Says that one record is where another one is."""

    def outcome(self, sequence, outcome, partition, offset):
        return outcome, partition, offset + 1 if sequence == self.victim else offset


@bug
class OtherKey(Sound):
    """Sends one record with another key than it says, which is not the payment's id."""

    def sent(self, key, value, sequence, producer):
        return [("somebody" if sequence == self.victim else key, value)]


@bug
class NoRec(Sound):
    """Its records have no rec (sound)."""

    def made(self, record, sequence):
        raw = json.loads(record[1])
        del raw["metadata"]["rec"]
        return record[0], json.dumps(raw)


@bug
class OtherRec(Sound):
    """Its records' rec is one ahead."""

    def made(self, record, sequence):
        raw = json.loads(record[1])
        prefix, _, _ = raw["metadata"]["rec"].rpartition(".")
        raw["metadata"]["rec"] = f"{prefix}.{sequence + 1}"
        return record[0], json.dumps(raw)


@bug
class SameRec(Sound):
    """All its records have one rec."""

    def made(self, record, sequence):
        raw = json.loads(record[1])
        prefix, _, _ = raw["metadata"]["rec"].rpartition(".")
        raw["metadata"]["rec"] = f"{prefix}.1"
        return record[0], json.dumps(raw)


@bug
class NoKey(Sound):
    """Sends its records without a key, and says so."""

    def made(self, record, sequence):
        return None, record[1]


@bug
class NoOutcomes(Sound):
    """Does not say what became of its records."""

    def outcome(self, sequence, outcome, partition, offset):
        return None, -1, -1


@bug
class RefusesMost(Sound):
    """Says that nearly all of its records failed, and did not send them."""

    def sent(self, key, value, sequence, producer):
        if sequence == 1:
            return [(key, value)]
        producer.write_outcome(sequence, "fail")
        return []


@bug
class Nothing(Sound):
    """Sends nothing."""

    def sent(self, key, value, sequence, producer):
        return []


@bug
class BadRecord(Sound):
    """Sends a record that is not valid, and says so."""

    def made(self, record, sequence):
        return (record[0], record[1].replace('"amount":', '"amount": -')) if sequence == self.victim else record


@bug
class Crash(Sound):
    def sent(self, key, value, sequence, producer):
        if sequence == self.victim:
            os.kill(os.getpid(), signal.SIGSEGV)
        return [(key, value)]


@bug
class Unflushed(Sound):
    """Ends on SIGTERM at once."""

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


class Logged(ChangesLog, Sound):
    """Wrong in its log."""


@bug
class NoStart(Logged):
    """Writes neither start nor end (sound)."""

    def line(self, kind, members):
        return kind not in ("start", "end")


@bug
class EpochTimes(Logged):
    """Writes the time of day."""

    def time_ns(self):
        return time.time_ns()


@bug
class SequenceZero(Logged):
    """Counts from 0."""

    def line(self, kind, members):
        if "seq" in members:
            members["seq"] -= 1
        return True


@bug
class SameSequence(Logged):
    """Counts no more."""

    def line(self, kind, members):
        if "seq" in members:
            members["seq"] = min(self.victim, members["seq"])
        return True


@bug
class SendsLast(Logged):
    """Writes each send behind its outcome."""

    def line(self, kind, members):
        held = self.__dict__.setdefault("held", {})
        if kind == "send":
            held[members["seq"]] = members
            return False
        if kind == "outcome":
            self.inner.write("outcome", **members)
            self.inner.write("send", **held.pop(members["seq"]))
            return False
        return True


@bug
class ValueObject(Logged):
    """Writes the value as an object, not as a text."""

    def line(self, kind, members):
        if kind == "send":
            members["value"] = json.loads(members["value"])
        return True
