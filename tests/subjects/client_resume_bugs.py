"""Bugs of client.py: where it resumes, when it connects again, and how it ends. client_bugs.py collects them."""

import os
import signal

import payment_pb2 as pb
from bug_registry import Bugs
from client_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


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
