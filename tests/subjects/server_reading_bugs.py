"""Bugs of server.py: which records it reads from the topic, and what it makes of them. server_bugs.py collects them."""

import time

import payment_pb2 as pb
from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


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
