"""The measurements, one function a row of the table: each takes a Bench, a number of repetitions and a size, measures the
pipeline and its ceiling in turns, and returns Rows."""

import contextlib
import tempfile
import time

from speed.programs import BARE_KAFKA, TOPIC, Failure, Server
from speed.table import Row

PARTITIONS = 64
WINDOW_LARGE = ("--window-bytes", "4GB")  # where a subscriber that falls off it would blur what is measured
FETCH_IDLE = ("-X", "fetch.wait.max.ms=500")
UNIMPLEMENTED = 12


def turns(repetitions, *measurements):
    """Yields the list of results of each repetition; every second one is measured backwards."""
    for index in range(repetitions):
        order = range(len(measurements))
        results = {}
        for at in order if index % 2 == 0 else reversed(order):
            results[at] = measurements[at]()
        yield [results[at] for at in order]


def bare_consumer(bench, brokers, records, *arguments):
    answer = bench.run("bare-consumer", "--brokers", brokers, "--records", records, *BARE_KAFKA, *arguments)
    return records / answer["wall_ns"] * 1e3, answer["cpu_ns"] / records / 1e3


def catch_up(bench, repetitions, quick):
    records = 20_000 if quick else 1_000_000
    parsed = Row("catch-up", "rate of the start-up catch-up", "M/s", 0.75, True, "parsing consumer")
    counted = Row("catch-up-count", "the same", "M/s", 0.35, True, "counting consumer")
    cpu = Row("catch-up-cpu", "server CPU per record of it", "µs", None, False, "parsing consumer")

    with bench.broker(PARTITIONS) as broker:
        bench.feed(broker.address, records)

        def server():
            with bench.server(broker.address) as program:
                took_s = program.loaded()
                return records / max(took_s, 1e-3) / 1e6, program.cpu_ns() / records / 1e3

        for ours, parse, count in turns(
                repetitions, server, lambda: bare_consumer(bench, broker.address, records, "--parse"),
                lambda: bare_consumer(bench, broker.address, records)):
            parsed.add(ours[0], parse[0])
            counted.add(ours[0], count[0])
            cpu.add(ours[1], parse[1])
    return [parsed, counted, cpu]


def read_all(reader, events):
    """What the reader got of a stream of which every event was owed; None when the server does not offer it."""
    answer = reader.answer()
    if answer["code"] == UNIMPLEMENTED:
        return None
    if answer["events"] != events:
        raise Failure(f"{answer['events']} of {events} events, code {answer['code']}: {reader.errors}")
    return answer


def through_server(bench, broker, log_id, records, rpc):
    """(CPU µs per payment, M payments/s, payments per message) from Kafka to one subscriber that wants every record."""
    with bench.server(broker.address, *WINDOW_LARGE) as server:
        with bench.reader(server.port, records, "--log-id", log_id, "--rpc", rpc) as reader:
            answer = read_all(reader, records)
            if answer is None:
                return None
            took_ns = answer["last_ns"] - server.started_ns
            return server.cpu_ns() / records / 1e3, records / took_ns * 1e3, records / max(1, answer["messages"])


def from_window(bench, broker, log_id, records, rpc):
    """M payments/s to one subscriber of a server that holds all of them in its window; None: not offered."""
    with bench.server(broker.address, *WINDOW_LARGE) as server:
        server.loaded()
        with bench.reader(server.port, records, "--log-id", log_id, "--rpc", rpc) as reader:
            answer = read_all(reader, records)
            if answer is None:
                return None
            return records / (answer["last_ns"] - answer["first_ns"]) * 1e3


def through_relay(bench, broker, records, batch):
    with bench.program("bare-relay", "--brokers", broker.address, "--records", records, "--batch", batch,
                       *BARE_KAFKA) as relay:
        port = relay.answer()["port"]
        with bench.reader(port, records, "--rpc", "subscribe" if batch > 1 else "stream") as reader:
            answer = reader.answer()
            took_ns = answer["last_ns"] - relay.started_ns
            return relay.cpu_ns() / records / 1e3, records / took_ns * 1e3


def pipeline(bench, repetitions, quick):
    records = 20_000 if quick else 1_000_000
    one = Row("one-event", "server CPU per payment to 1 subscriber, one a message", "µs", 2, False, "bare relay")
    many = Row("batched", "the same, SubscribePayments: above the relay", "µs", 1.0, False, "bare relay, 64 a message",
               target="≤ +1.0 µs")
    rate = Row("batched-rate", "payments/s from Kafka to 1 subscriber, SubscribePayments", "M/s", 3, True, "one a message")
    sent = Row("batched-sent", "payments/s from the window to 1 subscriber, SubscribePayments", "M/s", 3, True,
               "one a message")

    with bench.broker(PARTITIONS) as raw, bench.broker(PARTITIONS) as ready:
        log_id = bench.feed(raw.address, records)["log_id"]
        bench.feed(ready.address, records, "--events")
        for ours, batched, relay, relay_batched, window, window_batched in turns(
                repetitions, lambda: through_server(bench, raw, log_id, records, "stream"),
                lambda: through_server(bench, raw, log_id, records, "subscribe"),
                lambda: through_relay(bench, ready, records, 1), lambda: through_relay(bench, ready, records, 64),
                lambda: from_window(bench, raw, log_id, records, "stream"),
                lambda: from_window(bench, raw, log_id, records, "subscribe")):
            one.add(ours[0], relay[0])
            if batched is None:
                many.note = rate.note = sent.note = "not offered"
                continue
            many.add(batched[0], relay_batched[0], batched[0] - relay_batched[0])
            rate.add(batched[1], ours[1])
            sent.add(window_batched, window)
    return [one, many, rate, sent]


def fan_out(bench, repetitions, quick):
    events, streams = (200, 10) if quick else (20_000, 100)
    row = Row("fan-out", f"server CPU per event delivered to {streams} subscribers", "µs", 1.2, False,
              "bare server, one shared buffer")

    # Server on one core, reader on another: gRPC's callback threads take more than twice the CPU for a write whenever two
    # of them happen to run on two cores at once (docs/performance.md).
    def server():
        # The mock is asked a thousand times a second otherwise, which has nothing to do with subscribers.
        with bench.broker(PARTITIONS) as broker, Server(bench, broker.address, *WINDOW_LARGE, fetch=FETCH_IDLE, core=0) as program:
            with bench.reader(program.port, events, "--streams", streams, core=1) as reader:
                begin_ns = program.cpu_ns()
                bench.feed(broker.address, events)
                answer = reader.answer()
                received = answer["events"]
                if received != events * streams:
                    raise Failure(f"{received} of {events * streams} events, code {answer['code']}: {program.errors}")
                return (program.cpu_ns() - begin_ns) / received / 1e3

    def bare():
        with bench.program("bare-fan-out", "--events", events, core=0) as program:
            with bench.reader(program.answer()["port"], events, "--streams", streams, core=1) as reader:
                begin_ns = program.cpu_ns()
                program.go()
                received = reader.answer()["events"]
                return (program.cpu_ns() - begin_ns) / received / 1e3

    for ours, ceiling in turns(repetitions, server, bare):
        row.add(ours, ceiling)
    return [row]


def latency(bench, repetitions, quick):
    rate, samples, skip = (1_000, 1_000, 100) if quick else (10_000, 100_000, 10_000)
    names = [("p50", 1.5), ("p99", 2), ("p999", None)]
    rows = [Row(f"latency-{name}", f"{name} at {rate:,}/s, planned send to client read", "ms", limit, False, "bare relay")
            for name, limit in names]

    def measure(port, broker, *feed):
        with bench.reader(port, samples + skip, "--latency", "--skip", skip) as reader:
            bench.feed(broker.address, samples + skip, "--rate", rate, *feed)
            answer = reader.answer()
            if answer["samples"] != samples:
                raise Failure(f"{answer['samples']} of {samples} samples: {reader.errors}")
            return [answer[f"{name}_ns"] / 1e6 for name, _ in names]

    # A broker for each run: what the mock keeps of earlier runs makes it slower.
    def server():
        with bench.broker(4) as broker, bench.server(broker.address) as program:
            program.loaded()
            return measure(program.port, broker)

    def relay():
        with bench.broker(4) as broker:
            with bench.program("bare-relay", "--brokers", broker.address, "--records", samples + skip,
                               *BARE_KAFKA) as program:
                return measure(program.answer()["port"], broker, "--events")

    for ours, ceiling in turns(repetitions, server, relay):
        for row, figure, beside in zip(rows, ours, ceiling):
            row.add(figure, beside)
    return rows


def memory(bench, repetitions, quick):
    records = 20_000 if quick else 1_000_000
    window = 1024 * 1024  # the least there is: what the store shares with it is the store's
    row = Row("memory", "RSS for the payments kept, without what it is when empty and the window", "MB", 2.5, False,
              "raw JSON bytes")
    with bench.broker(PARTITIONS) as broker, bench.broker(PARTITIONS) as empty:
        raw_bytes = bench.feed(broker.address, records)["value_bytes"]

        def rss(address):
            with bench.server(address, "--window-bytes", window) as program:
                program.loaded()
                time.sleep(1)  # what librdkafka's threads still free
                return program.rss_bytes()

        for full, nothing in turns(repetitions, lambda: rss(broker.address), lambda: rss(empty.address)):
            row.add((full - nothing - window) / 1e6, raw_bytes / 1e6)
    row.note = "librdkafka's queue is empty by then: nothing is subtracted for it"
    return [row]


def producer(bench, repetitions, quick):
    records = 20_000 if quick else 1_000_000
    rate = Row("producer", "payment-producer, acknowledged", "M/s", 0.7, True, "bare produce loop")
    cpu = Row("producer-cpu", "its CPU per record", "µs", None, False, "bare produce loop")
    flags = ("--topic", TOPIC, "-X", "compression.type=lz4")

    def ours(count):
        with bench.broker(PARTITIONS) as broker, bench.program(
                "payment-producer", "--brokers", broker.address, "--count", count, "--interval", "0s", "--quiet",
                *flags) as program:
            at_ns, match = program.find(r"^Summary: sent (\d+), delivered (\d+)")
            if int(match.group(2)) != count:
                raise Failure(match.group(0))
            return at_ns - program.started_ns, program.cpu_ns()

    def bare():
        with bench.broker(PARTITIONS) as broker:
            answer = bench.run("bare-producer", "--brokers", broker.address, "--records", records, *flags)
            return answer["wall_ns"], answer["cpu_ns"]

    # What starting and connecting takes is no part of the rate.
    for one, many, ceiling in turns(repetitions, lambda: ours(1), lambda: ours(records), bare):
        rate.add(records / max(1, many[0] - one[0]) * 1e3, records / ceiling[0] * 1e3)
        with contextlib.suppress(ZeroDivisionError):
            cpu.add((many[1] - one[1]) / records / 1e3, ceiling[1] / records / 1e3)
    return [rate, cpu]


def generator(bench, repetitions, quick):
    """The harness's own generator, with a journal and nobody who reads the topic."""
    records = 20_000 if quick else 1_500_000
    offered = Row("generator", "harness's generator, acknowledged", "M/s", 0.3, True)
    cpu = Row("generator-cpu", "its CPU per record", "µs", 1.3, False, "bare produce loop")
    flags = ("--topic", TOPIC, "-X", "compression.type=lz4", "--records", records)

    def ours():
        with bench.broker(PARTITIONS) as broker, tempfile.TemporaryDirectory() as journal:
            return bench.run("bench-generate", "--brokers", broker.address, "--partitions", PARTITIONS, "--journal", journal,
                             *flags)

    def bare():
        with bench.broker(PARTITIONS) as broker:
            return bench.run("bare-producer", "--brokers", broker.address, *flags)

    for mine, ceiling in turns(repetitions, ours, bare):
        offered.add(records / mine["wall_ns"] * 1e3)
        cpu.add(mine["cpu_ns"] / records / 1e3, ceiling["cpu_ns"] / records / 1e3)
    return [offered, cpu]


def idle(bench, repetitions, quick):
    streams, window_s = (10, 0.5) if quick else (100, 10)
    row = Row("idle", f"CPU with {streams} subscribers and nothing to do, of a core", "%", 1, False, target="< 1 %")
    with bench.broker(PARTITIONS) as broker, Server(bench, broker.address, fetch=FETCH_IDLE) as program:
        program.loaded()
        with bench.reader(program.port, 0, "--streams", streams):
            time.sleep(0.5 if quick else 3)
            for _ in range(repetitions):
                begin_cpu_ns, begin_ns = program.cpu_ns(), time.monotonic_ns()
                time.sleep(window_s)
                row.add((program.cpu_ns() - begin_cpu_ns) / (time.monotonic_ns() - begin_ns) * 100)
    return [row]


def waiting(bench, repetitions, quick):
    records, streams = (300 * PARTITIONS, 10) if quick else (15_625 * PARTITIONS, 1_000)
    row = Row("waiting", f"server CPU to load {records:,} payments and begin {streams:,} resumed streams, owed nothing: "
              "there from the start", "s", 1.2, False, "come when it has loaded")
    with bench.broker(PARTITIONS) as broker:
        resume = ("--log-id", bench.feed(broker.address, records)["log_id"], "--after", records // PARTITIONS - 1,
                  "--partitions", PARTITIONS, "--streams", streams)

        def early():
            with bench.early_reader(port, 0, *resume) as reader, bench.server(broker.address, port=port) as server:
                server.loaded()
                reader.answer()
                return server.cpu_ns() / 1e9

        def late():
            with bench.server(broker.address, port=port) as server:
                server.loaded()
                with bench.reader(port, 0, *resume):
                    return server.cpu_ns() / 1e9

        with bench.server(broker.address) as server:
            port = server.port  # free again, for those who wait for it
        for ours, other in turns(repetitions, early, late):
            row.add(ours, other)
    return [row]


def connections(bench, repetitions, quick):
    streams = 20 if quick else 1_000
    row = Row("connections", f"server CPU per connection with a stream on it, {streams:,} of them", "µs", None, False,
              "bare server")

    def cost(program, port):
        begin_ns = program.cpu_ns()
        with bench.reader(port, 0, "--streams", streams):
            return (program.cpu_ns() - begin_ns) / streams / 1e3

    def server():
        with bench.broker(1) as broker, Server(bench, broker.address, fetch=FETCH_IDLE) as program:
            program.loaded()
            return cost(program, program.port)

    def bare():
        with bench.program("bare-fan-out", "--events", 1) as program:
            return cost(program, program.answer()["port"])

    for ours, ceiling in turns(repetitions, server, bare):
        row.add(ours, ceiling)
    return [row]


def recovery(bench, repetitions, quick):
    kills = 3 if quick else max(20, 4 * repetitions)
    row = Row("recovery", "restart after SIGKILL to the client's next record, p95", "s", 0.5, False, target="≤ 0.5 s")
    took_s = []
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(bench.broker(4))
        server = stack.enter_context(bench.server(broker.address))
        port = server.port
        server.loaded()
        client = stack.enter_context(bench.program("payment-client", "--server", f"127.0.0.1:{port}", "--backoff",
                                                   "50ms..500ms", "--json"))
        bench.feed(broker.address, 1)
        client.find('"payment"')
        for index in range(kills):
            server.kill()
            server = Server(bench, broker.address, port=port)
            stack.callback(server.kill)
            bench.feed(broker.address, 1, "--seed", index + 2)
            seen_ns, _ = client.find('"payment"')
            took_s.append((seen_ns - server.started_ns) / 1e9)
    took_s.sort()
    row.ours = row.values = took_s
    row.judged = lambda: took_s[-(-95 * len(took_s) // 100) - 1]
    row.note = f"median {took_s[len(took_s) // 2]:.2f} s of {kills}"
    return [row]


def list_pages(bench, repetitions, quick):
    records = 20_000 if quick else 1_000_000
    row = Row("list", f"server CPU for a filtered page of 100, {records:,} payments: near the end", "µs", 1.2, False,
              "near the beginning")
    with bench.broker(PARTITIONS) as broker:
        bench.feed(broker.address, records)
        with bench.server(broker.address) as server:
            server.loaded()
            with bench.program("bench-list", "--server", f"127.0.0.1:{server.port}", "--server-pid", server.pid, "--rounds",
                               repetitions) as program:
                for _ in range(repetitions):
                    answer = program.answer()
                    row.add(answer["deep_us"], answer["first_us"])
                row.note = f"{answer['pages']} pages"
    return [row]


# In the order in which they are measured.
ROWS = {"catch-up": catch_up, "pipeline": pipeline, "fan-out": fan_out, "latency": latency, "memory": memory,
        "producer": producer, "generator": generator, "idle": idle, "waiting": waiting, "connections": connections,
        "recovery": recovery, "list": list_pages}
