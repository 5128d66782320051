"""Bugs of server.py: what it answers to unary calls, those for its health too. server_bugs.py collects them."""

import grpc

import payment_pb2 as pb
from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


@bug
class GetInternal(Sound):
    """Fails on every GetPayment."""

    def found(self, record, store, context):
        context.abort(grpc.StatusCode.INTERNAL, "no database")


@bug
class GetNotFound(Sound):
    """Finds no payment."""

    def found(self, record, store, context):
        return None


@bug
class GetStale(Sound):
    """Answers with the first record of a payment."""

    def found(self, record, store, context):
        if record is None:
            return None
        return next(known for known in store.records if known.payment.id == record.payment.id)


@bug
class GetDouble(Sound):
    """Answers with another `amount`."""

    def found(self, record, store, context):
        if record is None:
            return None
        from server import Record
        payment = pb.Payment()
        payment.CopyFrom(record.payment)
        payment.amount += 1
        return Record(*record.place, payment, record.crc, record.index)


@bug
class ListProcessed(Sound):
    """Lists another time of processing."""

    def change_page(self, page):
        for payment in page.payments:
            payment.processed_at += 60


@bug
class ListSkip(Sound):
    """Leaves the last payment of each page out."""

    def change_page(self, page):
        if len(page.payments) > 1:
            page.payments.pop()


@bug
class ListCount(Sound):
    """Says that there is one payment more than there is."""

    def change_page(self, page):
        page.total_count += 1


@bug
class ListEndless(Sound):
    """Its list begins anew when it ends."""

    def change_page(self, page):
        page.next_cursor = page.next_cursor or "-1/-1"


@bug
class HealthNotFound(Sound):
    """Its health service knows no server without a name (sound)."""

    def health_code(self):
        return grpc.StatusCode.NOT_FOUND


@bug
class HealthUnauthenticated(Sound):
    """Its health service wants a password (sound)."""

    def health_code(self):
        return grpc.StatusCode.UNAUTHENTICATED
