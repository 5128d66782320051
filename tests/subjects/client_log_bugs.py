"""Bugs of client.py: what its log says of what it did. client_bugs.py collects them."""

import os
import time

from bug_registry import Bugs, ChangesLog
from client_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


class Logged(ChangesLog, Sound):
    """Wrong in its log."""


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

    WRITTEN_AS = float

    def line(self, kind, members):
        if "o" in members:
            members["o"] = self.WRITTEN_AS(members["o"])
        return True


@bug
class Rotate(Logged):
    """Renames its log and goes on in a new one."""

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
class PositionsAsTexts(BigOffsets):
    """Writes offsets as texts."""

    WRITTEN_AS = str


@bug
class Silent(Logged):
    """Writes nothing."""

    def line(self, kind, members):
        return False
