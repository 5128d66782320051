#!/usr/bin/env python3
"""A payment producer in Python, written from docs/subjects.md, and wrong in one way on request (--bug)."""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time

import confluent_kafka as kafka

import producer_bugs
from payments import Lines

MADE = [("stripe", "usd", "succeeded", 0), ("stripe", "jpy", "processing", 0), ("stripe", "kwd", "failed", 0),
        ("razorpay", "inr", "paid", 2), ("paypal", "EUR", "refunded", 2)]


class Producer:
    def __init__(self, args):
        self.args = args
        self.bugs = producer_bugs.find(args.bug)
        self.lines = self.bugs.lines(Lines(args.ack_log))
        self.kafka = kafka.Producer({"bootstrap.servers": args.brokers, "linger.ms": 1, "acks": "all",
                                     "max.in.flight": 1})
        self.counts = {"sent": 0, "ok": 0, "failed": 0, "unknown": 0}
        self.stop = threading.Event()
        self.random = random.Random(args.rec_prefix)

    def run(self):
        self.lines.write("start", producer=self.args.rec_prefix)
        begin = time.monotonic()
        sequence = 0
        while not self.stop.is_set() and (self.args.count == 0 or sequence < self.args.count):
            sequence += 1
            self.send(sequence)
            self.kafka.poll(0)
            wait = begin + sequence / self.args.rate - time.monotonic()
            if wait > 0:
                self.stop.wait(wait)
        self.bugs.ending(self)
        self.kafka.flush(8)
        self.lines.write("end", **self.counts)

    def record(self, sequence):
        provider, currency, status, digits = MADE[sequence % len(MADE)]
        amount = self.random.randrange(100, 500_000)
        metadata = {"order": f"order-{sequence}"}
        if self.args.rec_prefix:
            metadata["rec"] = f"{self.args.rec_prefix}.{sequence}"
        raw = {"id": f"pay_{self.args.name}_{sequence}", "provider": provider,
               "amount": amount if digits == 0 else amount / 100, "currency": currency, "status": status,
               "customer_email": f"customer{sequence}@example.com", "metadata": metadata, "timestamp": int(time.time())}
        return raw["id"], json.dumps(raw)

    def send(self, sequence):
        key, value = self.bugs.made(self.record(sequence), sequence)
        self.lines.write("send", seq=sequence, key=key, value=value)
        self.counts["sent"] += 1
        for sent_key, sent_value in self.bugs.sent(key, value, sequence, self):
            self.kafka.produce(self.args.topic, key=sent_key, value=sent_value,
                               on_delivery=lambda error, message: self.told(sequence, error, message))

    def told(self, sequence, error, message):
        outcome, partition, offset = "ok", message.partition(), message.offset()
        if error is not None:
            outcome, partition, offset = "unknown", -1, -1
        self.write_outcome(sequence, outcome, partition, offset)

    def write_outcome(self, sequence, outcome, partition=-1, offset=-1):
        outcome, partition, offset = self.bugs.outcome(sequence, outcome, partition, offset)
        if outcome is None:
            return
        self.counts["failed" if outcome == "fail" else outcome] += 1
        self.lines.write("outcome", seq=sequence, outcome=outcome, partition=partition, offset=offset)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--ack-log", required=True)
    parser.add_argument("--rec-prefix", default="", help="without: its records have no rec")
    parser.add_argument("--name", default="python")
    parser.add_argument("--count", type=int, default=0, help="0: until SIGTERM")
    parser.add_argument("--rate", type=float, default=50, help="records a second")
    parser.add_argument("--bug", default="none", help="NAME or NAME:NUMBER")
    producer = Producer(parser.parse_args())
    producer.bugs.signal_handlers(lambda *_: producer.stop.set())
    producer.run()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
