"""What the programs of this folder share: raw records read by the rules of docs/subjects.md, and files of JSON lines.

`payment_pb2` and `payment_pb2_grpc` are made by protoc from proto/payment.proto and found through PYTHONPATH.
"""

import decimal
import json
import os
import time

import payment_pb2 as pb

NO_DIGITS = set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DIGITS = set("BHD JOD KWD OMR TND".split())
STATUSES = {"pending": 1, "processing": 1, "succeeded": 2, "completed": 2, "paid": 2, "failed": 3, "declined": 3,
            "refunded": 4}
PROVIDERS = {"stripe": 1, "razorpay": 2, "paypal": 3}
RANKS = {0: 0, 1: 1, 3: 2, 2: 3, 4: 4}  # of a status: UNKNOWN < PENDING < FAILED < COMPLETED < REFUNDED
RECORD_BYTES_MAX = 3 << 20

decimal.getcontext().prec = 100


class Rejected(Exception):
    """The record makes no valid payment."""


class Number(str):
    """A JSON number, as it is written."""


def _no_constant(text):
    raise Rejected(text)


def _depth(value):
    depths = [_depth(item) for item in (value.values() if isinstance(value, dict) else value)] \
        if isinstance(value, (dict, list)) else None
    return 0 if depths is None else 1 + max(depths, default=0)


def minor_digits(currency):
    return 0 if currency in NO_DIGITS else 3 if currency in THREE_DIGITS else 2


def money(text, shift):
    """(units, exponent) of a JSON number's text, its point moved `shift` digits to the left."""
    number = decimal.Decimal(text)
    if number.is_zero():
        return 0, 0
    if number < 0 or number.adjusted() > 40:
        raise Rejected("amount")
    _, digits, exponent = number.as_tuple()
    exponent -= shift
    units = int("".join(map(str, digits)))
    while units % 10 == 0:
        units, exponent = units // 10, exponent + 1
    if exponent > 0:
        units, exponent = units * 10 ** exponent, 0
    if exponent < -18 or units >= 1 << 63:
        raise Rejected("amount")
    return units, -exponent


def _text(raw, name):
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Number):
        raise Rejected(name)
    return value


def _metadata(raw):
    members = raw.get("metadata")
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise Rejected("metadata")
    found = {}
    for key, value in members.items():
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, (dict, list)):
            raise Rejected("metadata")
        if value is not None:
            found[key] = str(value)
    return found


def decode(key, value, timestamp_s):
    """The payment of a record; throws Rejected."""
    if not value or len(key or b"") + len(value) > RECORD_BYTES_MAX:
        raise Rejected("size")
    try:
        raw = json.loads(value.decode("utf-8"), parse_float=Number, parse_int=Number, parse_constant=_no_constant)
        if not isinstance(raw, dict) or _depth(raw) > 64:
            raise Rejected("json")
    except (ValueError, RecursionError) as error:
        raise Rejected("json") from error
    payment = pb.Payment(id=_text(raw, "id"), processed_at=timestamp_s)
    if not payment.id or not isinstance(raw.get("amount"), Number):
        raise Rejected("id or amount")
    payment.provider = PROVIDERS.get(_text(raw, "provider").lower(), 0)
    payment.currency = _text(raw, "currency").upper()
    payment.status = STATUSES.get(_text(raw, "status").lower(), 0)
    payment.customer_email = _text(raw, "customer_email")
    shift = minor_digits(payment.currency) if payment.provider == pb.PROVIDER_STRIPE else 0
    units, exponent = money(raw["amount"], shift)
    payment.exact_amount.units, payment.exact_amount.exponent = units, exponent
    payment.amount = float(decimal.Decimal(units).scaleb(-exponent))
    created = raw.get("timestamp")
    if created is not None:
        if not isinstance(created, Number):
            raise Rejected("timestamp")
        payment.created_at = int(decimal.Decimal(created))
    payment.metadata.update(_metadata(raw))
    return payment


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


class Lines:
    """A file of JSON lines. Each line is in the file when write() returns."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, line_type, /, t=None, **members):
        time_ns = time.monotonic_ns() if t is None else t
        self.write_text(json.dumps({"type": line_type, "t": time_ns, **members}) + "\n")

    def write_text(self, text):
        os.write(self.fd, text.encode())
