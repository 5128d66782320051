"""Bugs of server.py: what an event that it streams says. server_bugs.py collects them."""

import payment_pb2 as pb
from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


class Change(Sound):
    """Changes one event."""

    def stream(self, items, stream):
        for item in items:
            if self.meant(item):
                item = item.copy()
                self.change(item.event, item.event.payment)
            yield item

    def meant(self, item):
        return item.record.index == self.victim

    def change(self, event, payment):
        raise NotImplementedError


@bug
class ChangeAmount(Change):
    """Another exact amount."""

    def change(self, event, payment):
        payment.exact_amount.units += 1


@bug
class ChangeDouble(Change):
    """Another `amount`, the double; the exact one is right."""

    def change(self, event, payment):
        payment.amount = -7.5


@bug
class ChangeCurrency(Change):
    def change(self, event, payment):
        payment.currency = "CHF"


@bug
class ChangeStatus(Change):
    def change(self, event, payment):
        payment.status = 3 if payment.status != 3 else 1


@bug
class ChangeProvider(Change):
    def change(self, event, payment):
        payment.provider = 3 if payment.provider != 3 else 1


@bug
class ChangeEmail(Change):
    def change(self, event, payment):
        payment.customer_email = payment.customer_email.upper()


@bug
class ChangeCreated(Change):
    def change(self, event, payment):
        payment.created_at *= 1000


@bug
class ChangeProcessed(Change):
    def change(self, event, payment):
        payment.processed_at += 3600


@bug
class ChangeId(Change):
    def change(self, event, payment):
        payment.id = payment.id.upper()


@bug
class ChangeMetadata(Change):
    def change(self, event, payment):
        payment.metadata["order_id"] = "another"


@bug
class ChangeContent(Sound):
    """Sends another payment's content in the place of one record."""

    def stream(self, items, stream):
        before = None
        for item in items:
            if item.record.index == self.victim and before is not None:
                item = item.copy()
                item.event.payment.CopyFrom(before.payment)
            before = item.record
            yield item


@bug
class StripMetadata(Change):
    """No metadata in any event."""

    def meant(self, item):
        return True

    def change(self, event, payment):
        payment.metadata.clear()


@bug
class StripOne(Change):
    """No metadata in one event."""

    def change(self, event, payment):
        payment.metadata.clear()


@bug
class NoExact(Change):
    """No exact amount at all, as the tutorial's server; the double is right."""

    def meant(self, item):
        return True

    def change(self, event, payment):
        payment.ClearField("exact_amount")


@bug
class Cents(Change):
    """Takes all of stripe's currencies for such of two digits."""

    def meant(self, item):
        return item.record.payment.currency in ("JPY", "KWD") and item.record.payment.provider == pb.PROVIDER_STRIPE

    def change(self, event, payment):
        payment.exact_amount.exponent = 2
        payment.amount = payment.exact_amount.units / 100


@bug
class KindNew(Change):
    """Says "existing" of a new record."""

    def change(self, event, payment):
        event.event_type = "existing" if event.event_type == "new" else "new"


@bug
class KindSeventh(Change):
    """Says "new" of every seventh event of a snapshot."""

    def meant(self, item):
        return item.event.event_type == "existing" and item.record.index % 7 == 0

    def change(self, event, payment):
        event.event_type = "new"


@bug
class KindWord(Change):
    """A word that is no kind of event."""

    def change(self, event, payment):
        event.event_type = "updated"


@bug
class WrongOffset(Change):
    """Every offset is one too high."""

    def meant(self, item):
        return True

    def change(self, event, payment):
        event.offset += 1


@bug
class WrongChecksum(Change):
    def change(self, event, payment):
        event.record_crc32c ^= 1


@bug
class EmptyEvent(Change):
    """One event without a payment."""

    def change(self, event, payment):
        event.ClearField("payment")
