"""What the bugs of server.py, client.py and producer.py share: how one is found by its name, and what each of them has.

Every module of bugs in this folder imports this.
"""

import signal
import time


class Bugs(dict):
    """The classes of a program's bugs, by name: LoseOnce is "lose-once". Made of `parts`, which are such too."""

    def __init__(self, *parts):
        super().__init__()
        for part in parts:
            for name, cls in part.items():
                self.add(name, cls)

    def add(self, name, cls):
        if name in self:
            raise ValueError(f"two bugs are called {name}")
        self[name] = cls

    def bug(self, cls):
        """Decorates each class that is a bug."""
        words = "".join("-" + c.lower() if c.isupper() else c for c in cls.__name__)
        self.add(words.lstrip("-"), cls)
        return cls

    def find(self, text):
        """The bug that NAME or NAME:NUMBER means."""
        name, _, number = text.partition(":")
        return self[name](int(number)) if number else self[name]()


class Program:
    """What all three programs ask of their bug, answered rightly."""

    def __init__(self, victim):
        self.victim = victim  # the number of the record or event that goes wrong

    def signal_handlers(self, stop):
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)


class Wrapped:
    """A file of lines whose lines are changed on their way."""

    def __init__(self, lines, bugs):
        self.inner, self.bugs = lines, bugs

    def write(self, line_type, /, **members):
        if self.bugs.line(line_type, members):
            self.inner.write(line_type, t=self.bugs.time_ns(), **members)

    def write_text(self, text):
        self.inner.write_text(text)


class ChangesLog:
    """Changes the lines that a program writes into its log. Stands before the program's Sound among the bases."""

    def lines(self, lines):
        self.inner = lines
        return Wrapped(lines, self)

    def line(self, kind, members):
        """Changes the members of one line. False: the line is not written."""
        return True

    def time_ns(self):
        return time.monotonic_ns()
