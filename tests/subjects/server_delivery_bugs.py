"""Bugs of server.py: which events its streams send, how often, in which order and when. server_bugs.py collects them."""

import time

from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


@bug
class Lose(Sound):
    """Never sends one record."""

    def stream(self, items, stream):
        return (item for item in items if item.record.index != self.victim)


@bug
class LoseOnce(Sound):
    """Does not send one record to the first who would get it."""

    def __init__(self, victim=60):
        super().__init__(victim)
        self.done = False

    def stream(self, items, stream):
        for item in items:
            if item.record.index == self.victim and not self.done:
                self.done = True
                continue
            yield item


@bug
class Repeat(Sound):
    """Sends one record twice."""

    def stream(self, items, stream):
        for item in items:
            yield item
            if item.record.index == self.victim:
                yield item


@bug
class Swap(Sound):
    """Sends one record behind the next one of its partition."""

    def stream(self, items, stream):
        held = None
        for item in items:
            if held is None and item.record.index == self.victim:
                held = item
                continue
            yield item
            if held is not None and item.record.partition == held.record.partition:
                yield held
                held = None


@bug
class Freeze(Sound):
    """Sends nothing any more behind one record."""

    def stream(self, items, stream):
        for item in items:
            if item.record.index < self.victim:
                yield item


@bug
class FreezePartition(Sound):
    """Sends nothing of one partition any more behind one record."""

    def stream(self, items, stream):
        return (item for item in items if item.record.partition != 0 or item.record.index < self.victim)


@bug
class Invent(Sound):
    """Sends a payment that nobody sent, with a rec that nobody has, beyond the topic's end."""

    def stream(self, items, stream):
        for item in items:
            yield item
            if item.record.index == self.victim:
                yield self.invented(item.copy())

    def invented(self, item):
        item.event.payment.id += "x"
        item.event.payment.metadata["rec"] += "9999"
        if item.event.record_crc32c:
            item.event.offset += 100_000
        return item


@bug
class InventNameless(Invent):
    """Sends a payment that nobody sent, without rec and without a position."""

    def invented(self, item):
        item.event.payment.id += "x"
        item.event.payment.metadata.clear()
        item.event.partition = item.event.offset = item.event.record_crc32c = 0
        return item


@bug
class IgnoreFilter(Sound):
    """Sends everything to everybody."""

    def filter(self, request):
        return 0, 0


@bug
class FilterNewest(Sound):
    """Sends nothing to a filtered stream that another record of the payment did not match."""

    def stream(self, items, stream):
        blocked = set()
        for item in items:
            if item.record.payment.status == 1 and stream.request.status == 0 and stream.request.provider != 0:
                if item.record.payment.id in blocked:
                    continue
                blocked.add(item.record.payment.id)
            yield item


@bug
class Merge(Sound):
    """Sends what looks like a repeat (same payment and status) once."""

    def stream(self, items, stream):
        seen = set()
        for item in items:
            key = (item.record.payment.id, item.record.payment.status)
            if key not in seen:
                seen.add(key)
                yield item


@bug
class Delay(Sound):
    """Sends everything a second late (sound)."""

    def stream(self, items, stream):
        for item in items:
            wait = item.record.read_s + 1 - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            yield item


@bug
class HangUp(Sound):
    """Ends each stream behind 60 events (sound: it may be resumed)."""

    def stream(self, items, stream):
        for number, item in enumerate(items):
            if number == self.victim:
                return
            yield item
