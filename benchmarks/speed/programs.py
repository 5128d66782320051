"""The processes of one measurement: started with a lifeline, read line by line, and asked for their CPU time and memory.

A program ends when its standard input closes or this script ends (PR_SET_PDEATHSIG), so that none is left behind.
"""

import ctypes
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time

TOPIC = "payments.raw"
PATIENCE_S = 120
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """A measurement that could not be taken."""


class Program:
    """A process whose standard output is a line at a time, and whose standard error is kept for what went wrong."""

    def __init__(self, argv, lines_from="stdout", core=None):
        """`core`: the only one that it may use, the first (0), the second (1), ...; where there are so many."""
        cores = sorted(os.sched_getaffinity(0))
        self.name = pathlib.Path(argv[0]).name
        parent = os.getpid()

        def die_with_parent():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            if core is not None and core < len(cores):
                os.sched_setaffinity(0, {cores[core]})

        self.started_ns = time.monotonic_ns()
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        self.pid = self.process.pid
        self.lines = queue.Queue()
        self.errors = []
        self.threads = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("stdout", "stderr")]
        self.lines_from = lines_from
        for thread in self.threads:
            thread.start()

    def _read(self, name):
        for line in getattr(self.process, name):
            text = line.decode(errors="replace").rstrip("\n")
            if name == "stderr":
                self.errors = (self.errors + [text])[-20:]
            if name == self.lines_from or self.lines_from == "both":
                self.lines.put((time.monotonic_ns(), text))
        if name == "stdout":
            self.lines.put((time.monotonic_ns(), None))

    def find(self, pattern, timeout_s=PATIENCE_S):
        """(time, match) of the first line from here on that matches."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                at_ns, text = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failure(f"{self.name} did not say {pattern} within {timeout_s} s: {self.errors}") from None
            if text is None:
                raise Failure(f"{self.name} ended without saying {pattern}: {self.errors}")
            match = re.search(pattern, text)
            if match:
                return at_ns, match

    def answer(self, timeout_s=PATIENCE_S):
        """The next JSON object it says."""
        return json.loads(self.find(r"^\{.*\}$", timeout_s)[1].group(0))

    def cpu_ns(self):
        """User and system time of all its threads so far: the process's own clock, see clock_getcpuclockid(3)."""
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def rss_bytes(self):
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def go(self):
        self.process.stdin.write(b"g")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """Closes its input, waits, and returns its exit code; SIGTERM, then SIGKILL for one that does not end."""
        self.process.stdin.close()
        for stop in (lambda: None, self.process.terminate, self.process.kill):
            stop()
            try:
                return self.process.wait(2 if stop != self.process.kill else 10)
            except subprocess.TimeoutExpired:
                continue
        raise Failure(f"{self.name} can't be ended")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.kill()
        for thread in self.threads:
            thread.join(5)


class Bench:
    """Where the programs are and what all measurements share."""

    def __init__(self, folder, quick):
        self.folder = pathlib.Path(folder)
        self.quick = quick

    def program(self, name, *arguments, **options):
        return Program([self.folder / name, *arguments], **options)

    def run(self, name, *arguments):
        """The one answer of a program that ends by itself."""
        with self.program(name, *arguments) as program:
            answer = program.answer()
            if program.process.wait(PATIENCE_S) != 0:
                raise Failure(f"{name}: {program.errors}")
            return answer

    def broker(self, partitions):
        return Broker(self, partitions)

    def server(self, brokers, *arguments, port=0):
        return Server(self, brokers, *arguments, port=port)

    def feed(self, brokers, records, *arguments):
        return self.run("bench-feed", "--brokers", brokers, "--topic", TOPIC, "--records", records, *arguments)

    def early_reader(self, port, events, *arguments, core=None):
        """A bare client that waits for its server; its first answer is that all its streams have begun."""
        return self.program("bench-read", "--server", f"127.0.0.1:{port}", "--events", events, *arguments, core=core)

    def reader(self, port, events, *arguments, core=None):
        """A bare client whose streams have all begun."""
        reader = self.early_reader(port, events, *arguments, core=core)
        try:
            reader.answer()
        except Failure:
            reader.kill()
            raise
        return reader


class Broker(Program):
    """A mock cluster with one topic, in a process of its own."""

    def __init__(self, bench, partitions):
        self.address_file = tempfile.NamedTemporaryFile(suffix=".broker")
        path = self.address_file.name + ".address"
        super().__init__([bench.folder / "harness", "broker", "--topic", TOPIC, "--partitions", partitions, "--address-file",
                          path])
        deadline = time.monotonic() + PATIENCE_S
        while not (os.path.exists(path) and pathlib.Path(path).read_text().strip()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failure(f"no broker: {self.errors}")
            time.sleep(0.005)
        self.address = pathlib.Path(path).read_text().strip()

    def __exit__(self, *ignored):
        self.process.terminate()  # it removes its address file
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.address_file.close()


class Server(Program):
    """payment-server; `loaded()` waits until it has applied what it found."""

    FETCH = ("-X", "fetch.wait.max.ms=1")  # new data does not wake a waiting consumer of the mock

    def __init__(self, bench, brokers, *arguments, port=0, fetch=FETCH, core=None):
        super().__init__([bench.folder / "payment-server", "--brokers", brokers, "--topic", TOPIC, "--listen", "127.0.0.1",
                          "--port", port, *fetch, *arguments], lines_from="both", core=core)
        self.port = int(self.find(r"gRPC: .*:(\d+)")[1].group(1))

    def loaded(self):
        """Seconds that the backlog took."""
        return int(self.find(r"backlog loaded in (\d+) ms")[1].group(1)) / 1e3


# What a bare program that reads Kafka is given: never held up by librdkafka's own limits on what it has fetched.
BARE_KAFKA = ("--topic", TOPIC, "-X", "fetch.wait.max.ms=1", "-X", "queued.min.messages=10000000", "-X",
              "queued.max.messages.kbytes=2000000")
