"""Bugs of server.py: how its process ends, and what it prints. server_bugs.py collects them."""

import os
import signal
import threading
import time

from bug_registry import Bugs
from server_sound import Sound

BUGS = Bugs()
bug = BUGS.bug


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
