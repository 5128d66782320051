"""Bugs of server.py: what a stream begins with, be it a snapshot or what a token is owed. server_bugs.py collects them."""

import random
import time

import grpc

import payment_pb2 as pb
from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


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
