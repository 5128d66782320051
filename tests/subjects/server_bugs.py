"""What server.py can do wrong: one class a bug, found by its name. Each overrides the one step that it breaks."""

import os
import random
import signal
import threading
import time

import grpc

import payment_pb2 as pb


class Stream:
    """One stream of the server: its number, the token it was asked with (None: none), and the request."""

    def __init__(self, number, token, request):
        self.number, self.token, self.request = number, token, request


class Item:
    """One event that a stream is about to send."""

    def __init__(self, record, kind, positions):
        self.record = record
        self.event = pb.PaymentEvent(payment=record.payment, event_type=kind)
        if positions:
            self.event.partition, self.event.offset = record.place
            self.event.record_crc32c = record.crc

    def copy(self):
        other = Item.__new__(Item)
        other.record, other.event = self.record, pb.PaymentEvent()
        other.event.CopyFrom(self.event)
        return other


class Sound:
    """No bug; what the others are made of."""

    def __init__(self, victim=60):
        self.victim = victim

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def exit_code(self):
        return 0

    def started(self, store):
        pass

    def health_code(self):
        return None

    def opens_loaded(self):
        return True

    def consumer_settings(self):
        return {}

    def log_id(self, topic):
        return "python/" + topic

    def first_offset(self, last):
        return 0

    def rejects(self, message):
        return False

    def rejected(self, message, index):
        return None

    def change_record(self, record):
        pass

    def supersedes(self, record, known):
        return record.rank > known.rank

    def refusal(self, token):
        return None

    def filter(self, request):
        return request.provider, request.status

    def owed(self, token):
        """What a stream with that token gets: what is behind this."""
        return token

    def sends_start(self, stream):
        return True

    def change_start(self, token, stream):
        pass

    def stream(self, items, stream):
        return items

    def found(self, record, store, context):
        return record

    def change_page(self, page):
        pass


BUGS = {"none": Sound}


def bug(cls):
    words = "".join("-" + c.lower() if c.isupper() else c for c in cls.__name__)
    BUGS[words.lstrip("-")] = cls
    return cls


def find(text):
    name, _, number = text.partition(":")
    return BUGS[name](int(number)) if number else BUGS[name]()


# --- What is sent ---


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


# --- Snapshots and resuming ---


@bug
class SnapshotLose(Sound):
    """Leaves every fifth payment out of a snapshot."""

    def stream(self, items, stream):
        return (item for item in items if item.event.event_type != "existing" or item.record.index % 5 != 0)


@bug
class SnapshotStale(Sound):
    """Its snapshot has the first record of each payment."""

    def supersedes(self, record, known):
        return False


@bug
class SnapshotNone(Sound):
    """No snapshot: begins with what comes next."""

    def stream(self, items, stream):
        return (item for item in items if item.event.event_type != "existing")


@bug
class LastWriteWins(Sound):
    """Forgets about ranks: what came last is what it knows (right while records come in the order of their ranks)."""

    def supersedes(self, record, known):
        return True


@bug
class SnapshotEmpty(SnapshotNone):
    """Says what its snapshot covers, and sends none."""


class Resuming(Sound):
    """Wrong on resumed streams."""

    def stream(self, items, stream):
        return items if stream.token is None else self.resumed(items)

    def resumed(self, items):
        raise NotImplementedError


@bug
class ResumeSkip(Resuming):
    """Does not send the first record of a resumed stream."""

    def resumed(self, items):
        next(items, None)
        yield from items


@bug
class ResumeLive(Sound):
    """Takes a token and begins with what comes next."""

    def stream(self, items, stream):
        if stream.token is None:
            yield from items
            return
        begin = time.monotonic() + 0.05
        for item in items:
            if time.monotonic() >= begin:
                yield item


@bug
class ResumeZeroSilent(Sound):
    """Takes a token and sends everything again; its StreamStart repeats the token."""

    def owed(self, token):
        other = pb.ResumeToken(log_id=token.log_id)
        for at in token.partitions:
            other.partitions.add(partition=at.partition, after=-1)
        return other


@bug
class ResumeZero(ResumeZeroSilent):
    """The same, and its StreamStart says so."""

    def change_start(self, token, stream):
        if stream.token is not None:
            token.CopyFrom(self.owed(stream.token))


@bug
class ResumeRepeat(Resuming):
    """Sends the first record of a resumed stream twice."""

    def resumed(self, items):
        for number, item in enumerate(items):
            yield item
            if number == 0:
                yield item


@bug
class StartBeyond(Sound):
    """Says of a stream without a token that it begins after offset 29, and does."""

    def change_start(self, token, stream):
        if stream.token is None:
            for at in token.partitions:
                at.after = 29
                at.ClearField("snapshot_until")

    def stream(self, items, stream):
        return (item for item in items if stream.token is not None or item.record.offset > 29)


@bug
class SnapshotBeyond(Sound):
    """Says that a snapshot covers what does not exist yet, and sends of that only the newest of each payment."""

    def change_start(self, token, stream):
        if stream.token is None:
            for at in token.partitions:
                at.snapshot_until = 60

    def stream(self, items, stream):
        for item in items:
            if stream.token is None and item.record.offset <= 60:
                if item.record.offset % 3 == 0:
                    continue
                item.event.event_type = "existing"
            yield item


@bug
class ResumePartition(Sound):
    """Resumes partition 1 at its beginning; its StreamStart repeats the token."""

    def owed(self, token):
        other = pb.ResumeToken()
        other.CopyFrom(token)
        for at in other.partitions:
            if at.partition == 1:
                at.after = -1
                at.ClearField("snapshot_until")
        return other


@bug
class StartOnce(Sound):
    """Sends no StreamStart on a resumed stream (harmless)."""

    def sends_start(self, stream):
        return stream.token is None


class Refuse(Sound):
    CODE = grpc.StatusCode.OUT_OF_RANGE

    def refusal(self, token):
        return self.CODE, "those records are gone"


@bug
class RefuseRange(Refuse):
    """Refuses tokens: the topic would no longer hold that."""


@bug
class RefuseLog(Refuse):
    """Refuses tokens: this would be another log."""

    CODE = grpc.StatusCode.FAILED_PRECONDITION


@bug
class RefuseArgument(Refuse):
    """Refuses tokens: they would be malformed."""

    CODE = grpc.StatusCode.INVALID_ARGUMENT


@bug
class RefusePermission(Refuse):
    """Refuses tokens for a reason that nobody can check."""

    CODE = grpc.StatusCode.PERMISSION_DENIED


@bug
class NewLogId(Sound):
    """Calls the topic something else at each start."""

    def log_id(self, topic):
        return f"python/{topic}/{random.getrandbits(64):x}"


@bug
class OtherLogId(Sound):
    """Calls the topic something else on each stream, and takes every token."""

    def change_start(self, token, stream):
        token.log_id += f"/{stream.number}"


# --- Reading ---


@bug
class StartAtEnd(Sound):
    """Reads only what comes after its start."""

    def first_offset(self, last):
        return last + 1


@bug
class StopAtBad(Sound):
    """Reads nothing of a partition any more behind a record that is not valid."""

    def __init__(self, victim=60):
        super().__init__(victim)
        self.stuck = set()

    def rejects(self, message):
        return message.partition() in self.stuck

    def rejected(self, message, index):
        self.stuck.add(message.partition())
        return None


@bug
class ServeBad(Sound):
    """Makes a payment of a record that is not valid."""

    def rejected(self, message, index):
        from server import Record
        payment = pb.Payment(id=(message.key() or b"nobody").decode("utf-8", "replace"), currency="USD")
        return Record(message.partition(), message.offset(), payment, 0, index)


@bug
class CommitFirst(Sound):
    """Goes on behind what its group has committed, after a restart too, and keeps nothing else."""

    def consumer_settings(self):
        return {"enable.auto.commit": True, "auto.commit.interval.ms": 100}


@bug
class LoadsSlowly(Sound):
    """Opens its port at once, and reads no more than 400 records a second (sound)."""

    def opens_loaded(self):
        return False

    def rejects(self, message):
        time.sleep(0.0025)
        return False


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


# --- Unary calls ---


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


# --- Its life ---


@bug
class CrashOnTerminate(Sound):
    """Aborts on SIGTERM."""

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGSEGV))


@bug
class FailOnTerminate(Sound):
    """Ends with exit code 1 on SIGTERM."""

    def exit_code(self):
        return 1


@bug
class IgnoreTerminate(Sound):
    """Goes on after SIGTERM."""

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


class EndsBehind(Sound):
    """Ends some time after its start."""

    def started(self, store):
        def end():
            with store.changed:
                store.changed.wait_for(lambda: len(store.records) > self.victim)
            self.end()

        threading.Thread(target=end, daemon=True).start()

    def end(self):
        raise NotImplementedError


@bug
class Exit(EndsBehind):
    """Ends by itself, with exit code 0."""

    def end(self):
        os._exit(0)


@bug
class Crash(EndsBehind):
    """Dies by itself."""

    def end(self):
        os.kill(os.getpid(), signal.SIGSEGV)


@bug
class Chatty(Sound):
    """Prints without end."""

    def started(self, store):
        def chat():
            line = "all is well " * 80
            while not store.stopping:
                for _ in range(100):
                    print(line)
                time.sleep(0.01)

        threading.Thread(target=chat, daemon=True).start()
