"""What client.py can do wrong: one class a bug, found by its name."""

import os
import signal
import threading
import time

import payment_pb2 as pb


class Sound:
    """No bug; what the others are made of."""

    KEEPS_LOG = True

    def __init__(self, victim=60):
        self.victim = victim
        self.count = 0

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def exit_code(self, code):
        return code

    def lines(self, lines):
        return lines

    def received(self, events, client):
        for event in events:
            self.count += 1
            yield from self.each(event)

    def each(self, event):
        yield event

    def token(self, token):
        return token

    def drops(self):
        return True

    def gives_up(self, code):
        return True

    def pause_s(self, pause_s):
        return pause_s

    def connects_within_s(self):
        return 2


BUGS = {"none": Sound}


def bug(cls):
    words = "".join("-" + c.lower() if c.isupper() else c for c in cls.__name__)
    BUGS[words.lstrip("-")] = cls
    return cls


def find(text):
    name, _, number = text.partition(":")
    return BUGS[name](int(number)) if number else BUGS[name]()


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


# --- Its log ---


class Wrapped:
    """A file of lines whose lines are changed on their way."""

    def __init__(self, lines, bugs):
        self.inner, self.bugs = lines, bugs

    def write(self, line_type, /, **members):
        if self.bugs.line(line_type, members):
            self.inner.write(line_type, t=self.bugs.time_ns(), **members)

    def write_text(self, text):
        self.inner.write_text(text)


class Logged(Sound):
    def lines(self, lines):
        self.inner = lines
        return Wrapped(lines, self)

    def line(self, kind, members):
        return True

    def time_ns(self):
        return time.monotonic_ns()


@bug
class NoConnections(Logged):
    """Writes events and nothing else (sound: the formats allow it)."""

    def line(self, kind, members):
        members.pop("conn", None)
        return kind == "event"


@bug
class NoKind(Logged):
    """Writes events without their kind (sound)."""

    def line(self, kind, members):
        members.pop("kind", None)
        return True


@bug
class EpochTimes(Logged):
    """Writes the time of day."""

    def time_ns(self):
        return time.time_ns()


@bug
class MillisecondTimes(Logged):
    """Writes milliseconds."""

    def time_ns(self):
        return time.monotonic_ns() // 1_000_000


@bug
class FutureTimes(Logged):
    """Writes times an hour ahead."""

    def time_ns(self):
        return time.monotonic_ns() + 3_600_000_000_000


@bug
class PrefixedNames(Logged):
    """Writes the enums' names with their prefixes."""

    def line(self, kind, members):
        if kind == "event":
            members["payment"]["provider"] = "PROVIDER_" + members["payment"]["provider"]
            members["payment"]["status"] = "STATUS_" + members["payment"]["status"]
        return True


@bug
class TextTimes(Logged):
    """Writes `t` as a text."""

    def time_ns(self):
        return str(time.monotonic_ns())


@bug
class Garbage(Logged):
    """Writes a line that is no JSON."""

    def line(self, kind, members):
        if kind == "event" and self.count == self.victim:
            self.inner.write_text("Exception in thread main\n")
        return True


@bug
class BigOffsets(Logged):
    """Writes offsets as floats."""

    def line(self, kind, members):
        if "o" in members:
            members["o"] = float(members["o"])
        return True


@bug
class Rotate(Logged):
    """Renames its log and goes on in a new one."""

    def line(self, kind, members):
        return True

    def each(self, event):
        if self.count == self.victim:
            path = os.readlink(f"/proc/self/fd/{self.inner.fd}")
            os.rename(path, path + ".1")
            self.inner.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        yield event


@bug
class SameNumber(Logged):
    """Every connection is number 1."""

    def line(self, kind, members):
        members["conn"] = min(1, members["conn"])
        return True


@bug
class JumpingNumbers(Logged):
    """Counts its connections 10, 20, ... (sound)."""

    def line(self, kind, members):
        members["conn"] *= 10
        return True


@bug
class FalseToken(Logged):
    """Says that its first stream began behind offset 29, and hands nothing on of what is before that."""

    def line(self, kind, members):
        if kind == "connection" and "token" in members:
            for at in members["token"]["partitions"]:
                at["after"] = 29
                at.pop("snapshot_until", None)
        return kind != "event" or members["o"] > 29


@bug
class FalseSent(Logged):
    """Says that it asked for less than it did, and hands nothing on of what is before that."""

    def line(self, kind, members):
        if kind == "connection" and "sent" in members:
            self.claimed = {}
            for at in members["sent"]["partitions"]:
                at["after"] += 3
                self.claimed[at["p"]] = at["after"]
        return kind != "event" or members["o"] > self.__dict__.get("claimed", {}).get(members["p"], -1)


@bug
class NoSent(Logged):
    """Does not write the token that it sent (sound)."""

    def line(self, kind, members):
        members.pop("sent", None)
        return True


@bug
class NoEnds(Logged):
    """Does not write the end of a stream (sound)."""

    def line(self, kind, members):
        return kind != "end"


@bug
class BackwardTimes(Logged):
    """Its times run backwards."""

    def time_ns(self):
        self.time = self.__dict__.get("time", time.monotonic_ns()) - 1
        return self.time


@bug
class Crlf(Logged):
    """Ends its lines as Windows does (sound)."""

    def lines(self, lines):
        write = lines.write_text
        lines.write_text = lambda text: write(text.replace("\n", "\r\n"))
        return lines


@bug
class PositionsAsTexts(Logged):
    """Writes offsets as texts."""

    def line(self, kind, members):
        if "o" in members:
            members["o"] = str(members["o"])
        return True


@bug
class Silent(Logged):
    """Writes nothing."""

    def line(self, kind, members):
        return False


# --- Resuming ---


class Moved(Sound):
    """Resumes somewhere else than where it is."""

    BY = 0

    def token(self, token):
        moved = pb.ResumeToken()
        moved.CopyFrom(token)
        for at in moved.partitions:
            if at.after + self.BY >= -1:
                at.after += self.BY
                at.ClearField("record_crc32c")
        return moved


@bug
class ResumeBehind(Moved):
    """Asks for what it has already, and hands it on again."""

    BY = -3

    def drops(self):
        return False


@bug
class ResumeBehindDrops(Moved):
    """Asks for what it has already, and drops it (sound)."""

    BY = -3


@bug
class ResumeAhead(Moved):
    """Claims what it does not have."""

    BY = 1


@bug
class ResumeNever(Sound):
    """Asks without a token, and hands everything on again."""

    def token(self, token):
        return None

    def drops(self):
        return False


@bug
class ForgetLog(Sound):
    """Knows nothing of its own log after a restart."""

    KEEPS_LOG = False


# --- Its life ---


@bug
class Storm(Sound):
    """Comes back without any pause."""

    def pause_s(self, pause_s):
        return 0.001

    def connects_within_s(self):
        return 0.02


@bug
class NeverGivesUp(Sound):
    """Tries again after a final refusal."""

    def gives_up(self, code):
        return False


@bug
class GiveUp(Sound):
    """Ends when its first stream ends."""

    def pause_s(self, pause_s):
        os._exit(7)


@bug
class IgnoreTerminate(Sound):
    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


@bug
class FailOnTerminate(Sound):
    def exit_code(self, code):
        return 1


@bug
class Stall(Sound):
    """Never takes anything from its stream."""

    def received(self, events, client):
        while not client.stop.wait(0.2):
            pass
        return iter(())
