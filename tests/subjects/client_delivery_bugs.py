"""Bugs of client.py: what it takes from its stream and hands on. client_bugs.py collects them."""

import payment_pb2 as pb
from bug_registry import Bugs
from client_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


@bug
class Lose(Sound):
    """Does not hand one event on."""

    def each(self, event):
        if self.count != self.victim:
            yield event


@bug
class LoseEvery(Sound):
    """Does not hand every tenth event on."""

    def each(self, event):
        if self.count % 10 != 0:
            yield event


class Unfiltered(Sound):
    """Hands on again what it has."""

    def drops(self):
        return False


@bug
class Repeat(Unfiltered):
    """Hands one event on twice."""

    def each(self, event):
        yield event
        if self.count == self.victim:
            yield event


@bug
class Swap(Unfiltered):
    """Hands one event on behind the next one of its partition (without positions: behind the next one)."""

    held = None

    def each(self, event):
        if self.count == self.victim:
            self.held = event
            return
        yield event
        if self.held is not None and event.partition == self.held.partition:
            yield self.held
            self.held = None


@bug
class Freeze(Sound):
    """Hands nothing on any more behind one event."""

    def each(self, event):
        if self.count < self.victim:
            yield event


@bug
class Invent(Sound):
    """Hands a payment on that nobody sent."""

    def each(self, event):
        yield event
        if self.count == self.victim:
            other = pb.PaymentEvent()
            other.CopyFrom(event)
            other.payment.id = "pay_nobody"
            other.payment.metadata["rec"] += "9999"
            other.offset += 100_000
            yield other


class Change(Sound):
    def each(self, event):
        if self.count == self.victim:
            self.change(event.payment)
        yield event

    def change(self, payment):
        raise NotImplementedError


@bug
class ChangeAmount(Change):
    def change(self, payment):
        payment.exact_amount.units += 1
        payment.amount += 0.01


@bug
class ChangeEmail(Change):
    def change(self, payment):
        payment.customer_email = "nobody@example.com"


@bug
class StripOne(Change):
    """Hands one payment on without its metadata."""

    def change(self, payment):
        payment.metadata.clear()


@bug
class EmptyId(Change):
    """Hands a payment on that can't be."""

    def change(self, payment):
        payment.id = ""


@bug
class HugeAmount(Change):
    """Hands an amount on that can't be."""

    def change(self, payment):
        payment.exact_amount.exponent = 40


@bug
class StripMetadata(Sound):
    def each(self, event):
        event.payment.metadata.clear()
        yield event


@bug
class Stall(Sound):
    """Never takes anything from its stream."""

    def received(self, events, client):
        while not client.stop.wait(0.2):
            pass
        return iter(())
