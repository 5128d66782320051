#!/usr/bin/env python3
"""A payment client in Python, written from docs/subjects.md, and wrong in one way on request (--bug)."""

import argparse
import json
import os
import signal
import sys
import threading

import grpc

import client_bugs
import payment_pb2 as pb
import payment_pb2_grpc
from payments import Lines

FINAL = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT,
         grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.OUT_OF_RANGE,
         grpc.StatusCode.FAILED_PRECONDITION}


def token_members(token):
    partitions = []
    for at in token.partitions:
        members = {"p": at.partition, "after": at.after}
        if at.HasField("record_crc32c"):
            members["crc32c"] = at.record_crc32c
        if at.HasField("snapshot_until"):
            members["snapshot_until"] = at.snapshot_until
        partitions.append(members)
    return {"log_id": token.log_id, "partitions": partitions}


def payment_members(payment, double):
    members = {"id": payment.id, "provider": pb.Provider.Name(payment.provider)[len("PROVIDER_"):],
               "currency": payment.currency, "status": pb.PaymentStatus.Name(payment.status)[len("STATUS_"):],
               "customer_email": payment.customer_email, "created_at": payment.created_at,
               "processed_at": payment.processed_at, "metadata": dict(payment.metadata)}
    if double or not payment.HasField("exact_amount"):
        members["amount"] = payment.amount
    else:
        members.update(units=payment.exact_amount.units, exponent=payment.exact_amount.exponent)
    return members


class Position:
    """Where the client is, by partition. Known once a StreamStart has come."""

    def __init__(self):
        self.token = None

    def start(self, token, sent):
        if sent is None:
            self.token = pb.ResumeToken()
            self.token.CopyFrom(token)

    def find(self, partition):
        for at in self.token.partitions:
            if at.partition == partition:
                return at
        return self.token.partitions.add(partition=partition, after=-1)

    def move(self, event):
        """False: the client has it already."""
        if self.token is None:
            return True
        at = self.find(event.partition)
        if event.offset <= at.after:
            return False
        at.after, at.record_crc32c = event.offset, event.record_crc32c
        if at.HasField("snapshot_until") and at.after > at.snapshot_until:
            at.ClearField("snapshot_until")
        return True

    def load(self, path):
        """From the client's own event log: it goes on where that ends. Returns the greatest `conn`."""
        number = 0
        if not os.path.exists(path):
            return number
        for line in open(path, encoding="utf-8"):
            if not line.endswith("\n"):
                break
            entry = json.loads(line)
            number = max(number, entry.get("conn", 0))
            if entry["type"] == "connection" and "token" in entry and not entry.get("resumed"):
                self.token = pb.ResumeToken(log_id=entry["token"]["log_id"])
                for members in entry["token"]["partitions"]:
                    at = self.token.partitions.add(partition=members["p"], after=members["after"])
                    if "snapshot_until" in members:
                        at.snapshot_until = members["snapshot_until"]
            elif entry["type"] == "event" and "p" in entry:
                self.move(pb.PaymentEvent(partition=entry["p"], offset=entry["o"], record_crc32c=entry["crc32c"]))
        return number


class Client:
    def __init__(self, args):
        self.args = args
        self.stop = threading.Event()
        self.bugs = client_bugs.find(args.bug)
        self.position = Position()
        self.connection = self.position.load(args.event_log) if self.bugs.KEEPS_LOG else 0
        self.lines = self.bugs.lines(Lines(args.event_log))
        self.call = None
        self.exit_code = 0

    def run(self):
        servers = self.args.servers.split(",")
        tries = 0
        while not self.stop.is_set():
            code = self.one_stream(servers[tries % len(servers)])
            tries += 1
            if code in FINAL and not self.stop.is_set() and self.bugs.gives_up(code):
                self.exit_code = 4
                return
            self.stop.wait(self.bugs.pause_s(self.args.pause))

    def one_stream(self, server):
        with grpc.insecure_channel(server, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=self.bugs.connects_within_s())
            except grpc.FutureTimeoutError:
                self.lines.write("end", conn=0, code=14, status="UNAVAILABLE", message="no connection to " + server)
                return grpc.StatusCode.UNAVAILABLE
            begun = False
            try:
                request = pb.ListPaymentsRequest(provider=self.args.provider, status=self.args.status)
                sent = None
                if self.args.resume == "token" and self.position.token is not None:
                    sent = self.bugs.token(self.position.token)
                if sent is not None:
                    request.resume.CopyFrom(sent)
                    sent = request.resume
                self.call = payment_pb2_grpc.PaymentServiceStub(channel).StreamPayments(request)
                if self.stop.is_set():
                    self.call.cancel()
                self.begin(server, sent)
                begun = True
                for event in self.bugs.received(self.call, self):
                    self.take(event)
                code, message = grpc.StatusCode.OK, ""
            except grpc.RpcError as error:
                code, message = error.code(), error.details() or ""
            number = self.connection if begun else 0
            self.lines.write("end", conn=number, code=code.value[0], status=code.name, message=message)
            return code

    def begin(self, server, sent):
        members = {"server": server, "resumed": sent is not None}
        if sent is not None:
            members["sent"] = token_members(sent)
        if self.args.resume == "token":
            for key, value in self.call.initial_metadata():
                if key == "payment-start-bin":
                    start = pb.StreamStart.FromString(value)
                    members.update(token=token_members(start.token), server_id=start.server_id)
                    self.position.start(start.token, sent)
        self.connection += 1
        self.lines.write("connection", conn=self.connection, **members)

    def take(self, event):
        if not self.position.move(event) and self.bugs.drops():
            self.lines.write("drop", conn=self.connection, p=event.partition, o=event.offset)
            return
        members = {"kind": event.event_type} if event.event_type else {}
        if self.args.resume == "token" and self.position.token is not None:
            members.update(p=event.partition, o=event.offset, crc32c=event.record_crc32c)
        members["payment"] = payment_members(event.payment, self.args.double)
        self.lines.write("event", conn=self.connection, **members)

    def end(self, *_):
        self.stop.set()
        if self.call is not None:
            self.call.cancel()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--event-log", required=True)
    parser.add_argument("--resume", choices=["token", "none"], default="none")
    parser.add_argument("--provider", type=int, default=0)
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds between two tries")
    parser.add_argument("--double", action="store_true", help="write the amount as a JSON number")
    parser.add_argument("--bug", default="none", help="NAME or NAME:NUMBER")
    return parser.parse_args()


def main():
    client = Client(arguments())
    client.bugs.signal_handlers(client.end)
    client.run()
    os._exit(client.bugs.exit_code(client.exit_code))


if __name__ == "__main__":
    main()
