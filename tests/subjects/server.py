#!/usr/bin/env python3
"""A payment server in Python, written from docs/subjects.md, and wrong in one way on request (--bug).

Without --positions it speaks the plain contract. With --group it reads as a consumer group does.
"""

import argparse
import bisect
import concurrent.futures
import os
import signal
import sys
import threading
import time

import confluent_kafka as kafka
import grpc

import payment_pb2 as pb
import payment_pb2_grpc
import server_bugs
from payments import RANKS, Rejected, crc32c, decode


class Record:
    """One valid record of the topic."""

    def __init__(self, partition, offset, payment, crc, index):
        self.partition, self.offset, self.payment, self.crc, self.index = partition, offset, payment, crc, index
        self.place = (partition, offset)
        self.read_s = time.monotonic()
        self.rank = (RANKS[payment.status], payment.created_at, partition, offset)


class Store:
    """All records in the order in which they were read, and what is known of each payment."""

    def __init__(self):
        self.changed = threading.Condition()
        self.records = []
        self.newest = {}  # by payment id
        self.first = {}  # by payment id, where its first record stands
        self.last = {}  # by partition, the last offset that was read
        self.loaded = False
        self.stopping = False

    def apply(self, message, bugs):
        place = (message.partition(), message.offset())
        if bugs.rejects(message):
            with self.changed:
                self.last[place[0]] = place[1]
            return
        record = None
        try:
            payment = decode(message.key(), message.value(), message.timestamp()[1] // 1000)
            crc = crc32c((message.key() or b"") + message.value())
            record = Record(*place, payment, crc, len(self.records))
        except Rejected:
            record = bugs.rejected(message, len(self.records))
        with self.changed:
            self.last[place[0]] = place[1]
            if record:
                bugs.change_record(record)
                self.records.append(record)
                self.first.setdefault(record.payment.id, record.place)
                known = self.newest.get(record.payment.id)
                if known is None or bugs.supersedes(record, known):
                    self.newest[record.payment.id] = record
            self.changed.notify_all()


def matches(record, provider, status):
    payment = record.payment
    return provider in (0, payment.provider) and status in (0, payment.status)


class Reader(threading.Thread):
    """Reads the topic into the store."""

    def __init__(self, args, store, bugs):
        super().__init__(daemon=True)
        self.args, self.store, self.bugs = args, store, bugs
        config = {"bootstrap.servers": args.brokers, "group.id": args.group or "none", "enable.auto.commit": False,
                  "auto.offset.reset": "earliest", "fetch.wait.max.ms": 1, "session.timeout.ms": args.session_ms}
        config.update(bugs.consumer_settings())
        self.consumer = kafka.Consumer(config)
        topic = self.consumer.list_topics(args.topic, timeout=20).topics[args.topic]
        self.partitions = sorted(topic.partitions)
        self.log_id = bugs.log_id(args.topic)

    def watermarks(self, partition):
        return self.consumer.get_watermark_offsets(kafka.TopicPartition(self.args.topic, partition), timeout=5)

    def begin(self):
        """From here on the store grows."""
        if self.args.group:
            self.consumer.subscribe([self.args.topic])
            self.ends = {}
        else:
            self.ends = {p: self.watermarks(p)[1] - 1 for p in self.partitions}
            self.consumer.assign([kafka.TopicPartition(self.args.topic, p, self.bugs.first_offset(self.ends[p]))
                                  for p in self.partitions])
        self.start()

    def run(self):
        while not self.store.stopping:
            message = self.consumer.poll(0.1)
            if message is not None and not message.error():
                self.store.apply(message, self.bugs)
            if not self.store.loaded and self.is_loaded():
                with self.store.changed:
                    self.store.loaded = True
                    self.store.changed.notify_all()
        self.consumer.close()

    def is_loaded(self):
        if self.args.group and not self.ends:
            if not self.consumer.assignment():
                return False
            self.ends = {p: self.watermarks(p)[1] - 1 for p in self.partitions}
        return all(self.store.last.get(p, self.bugs.first_offset(end) - 1) >= end for p, end in self.ends.items())


class Service(payment_pb2_grpc.PaymentServiceServicer):
    def __init__(self, args, store, reader, bugs):
        self.args, self.store, self.reader, self.bugs = args, store, reader, bugs
        self.streams = 0

    # --- Streams ---

    def StreamPayments(self, request, context):
        self.streams += 1
        token = request.resume if self.args.positions and request.HasField("resume") else None
        if token is not None:
            self.check_token(token, context)
        stream = server_bugs.Stream(self.streams, token, request)
        for item in self.bugs.stream(self.items(stream, request, context), stream):
            yield item.event

    def check_token(self, token, context):
        refusal = self.bugs.refusal(token)
        if refusal:
            context.abort(*refusal)
        if token.log_id != self.reader.log_id:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "this is another log")
        seen = set()
        for at in token.partitions:
            if at.partition not in self.reader.partitions or at.partition in seen or at.after < -1:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"partition {at.partition} after {at.after}")
            seen.add(at.partition)
            if at.after > self.store.last.get(at.partition, -1) and at.after >= self.reader.watermarks(at.partition)[1]:
                context.abort(grpc.StatusCode.OUT_OF_RANGE, f"partition {at.partition} ends before {at.after}")

    def items(self, stream, request, context):
        """Everything that the stream has to send, in order: a snapshot or what the token is owed, then the log."""
        store = self.store
        with store.changed:
            if stream.token is not None:
                store.changed.wait_for(lambda: store.stopping or not context.is_active() or all(
                    store.last.get(at.partition, -1) >= at.after for at in stream.token.partitions))
            next_index = len(store.records)
            last = dict(store.last)
            if stream.token is None:
                snapshot = sorted(store.newest.values(), key=lambda record: record.place)
                missed = []
            else:
                snapshot, missed = self.missed(self.bugs.owed(stream.token), store.records)
        self.send_start(stream, last, context)
        wanted = self.bugs.filter(request)
        for record in snapshot:
            if matches(record, *wanted):
                yield server_bugs.Item(record, "existing", self.args.positions)
        for record in missed:
            if matches(record, *wanted):
                yield server_bugs.Item(record, "new", self.args.positions)
        while True:
            with store.changed:
                store.changed.wait_for(lambda: store.stopping or len(store.records) > next_index, timeout=0.5)
                batch = store.records[next_index:]
            next_index += len(batch)
            for record in batch:
                if matches(record, *wanted):
                    yield server_bugs.Item(record, "new", self.args.positions)
            if not context.is_active():
                return
            if store.stopping and not batch:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the server is shutting down")

    def missed(self, token, records):
        """What lies behind the token: of a snapshot that it cuts the newest record of each payment, then all."""
        after = {at.partition: at.after for at in token.partitions}
        until = {at.partition: at.snapshot_until for at in token.partitions if at.HasField("snapshot_until")}
        newest, missed = {}, []
        for record in records:
            if record.offset <= after.get(record.partition, -1):
                continue
            if record.offset > until.get(record.partition, -1):
                missed.append(record)
            elif self.store.newest[record.payment.id].offset >= record.offset:
                known = newest.get(record.payment.id)
                if known is None or record.rank > known.rank:
                    newest[record.payment.id] = record
        return sorted(newest.values(), key=lambda record: record.place), missed

    def send_start(self, stream, last, context):
        if not self.args.positions or not self.bugs.sends_start(stream):
            return
        token = pb.ResumeToken(log_id=self.reader.log_id)
        if stream.token is not None:
            token.CopyFrom(stream.token)
        else:
            for partition in self.reader.partitions:
                until = last.get(partition, -1)
                token.partitions.add(partition=partition, after=-1, snapshot_until=until)
        self.bugs.change_start(token, stream)
        start = pb.StreamStart(token=token, server_id=f"python-{os.getpid()}")
        context.send_initial_metadata((("payment-start-bin", start.SerializeToString()),))

    # --- Unary calls ---

    def wait_for(self, positions, context):
        store = self.store
        with store.changed:
            applied = store.changed.wait_for(
                lambda: store.loaded and all(store.last.get(at.partition, -1) >= at.offset for at in positions),
                timeout=max(0.0, (context.time_remaining() or 10) - 0.05))
        if not applied:
            context.abort(grpc.StatusCode.UNAVAILABLE, "that is not read yet")

    def GetPayment(self, request, context):
        self.wait_for(request.min_position, context)
        record = self.bugs.found(self.store.newest.get(request.payment_id), self.store, context)
        if record is None:
            context.abort(grpc.StatusCode.NOT_FOUND, request.payment_id)
        return record.payment

    def ListPayments(self, request, context):
        self.wait_for(request.min_position, context)
        with self.store.changed:
            known = sorted((self.store.first[key], record) for key, record in self.store.newest.items()
                           if matches(record, request.provider, request.status))
        begin = 0
        if request.cursor:
            begin = bisect.bisect_right(known, tuple(map(int, request.cursor.split("/"))), key=lambda item: item[0])
        limit = min(request.limit or 10, 100)
        page = known[begin:begin + limit]
        answer = pb.PaymentList(total_count=len(known))
        answer.payments.extend(record.payment for _, record in page)
        if begin + limit < len(known):
            answer.next_cursor = "%d/%d" % page[-1][0]
        self.bugs.change_page(answer)
        return answer


def health_service(store, bugs):
    def check(request, context):
        code = bugs.health_code()
        if code is not None:
            context.abort(code, "no such service")
        return b"\x08\x01" if store.loaded and not store.stopping else b"\x08\x02"  # SERVING, NOT_SERVING

    return grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)})


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--positions", action="store_true", help="positions, StreamStart, resuming")
    parser.add_argument("--health", action="store_true", help="a health service; else the port opens once loaded")
    parser.add_argument("--group", help="read with this consumer group")
    parser.add_argument("--session-ms", type=int, default=6000)
    parser.add_argument("--bug", default="none", help="NAME or NAME:NUMBER")
    return parser.parse_args()


def main():
    args = arguments()
    stop = threading.Event()
    bugs = server_bugs.find(args.bug)
    bugs.signal_handlers(lambda *_: stop.set())
    store = Store()
    reader = Reader(args, store, bugs)
    reader.begin()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=64), options=[("grpc.so_reuseport", 0)])
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(Service(args, store, reader, bugs), server)
    if args.health:
        server.add_generic_rpc_handlers((health_service(store, bugs),))
    elif not args.group and bugs.opens_loaded():
        while not store.loaded and not stop.wait(0.005):
            pass
    server.add_insecure_port(f"127.0.0.1:{args.port}")
    server.start()
    bugs.started(store)
    stop.wait()
    with store.changed:
        store.stopping = True
        store.changed.notify_all()
    server.stop(grace=1).wait()
    reader.join(3)
    sys.stdout.flush()
    os._exit(bugs.exit_code())


if __name__ == "__main__":
    main()
