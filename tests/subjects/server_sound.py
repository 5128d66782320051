"""What server.py asks of its bug at each step, answered rightly. Every module of the server's bugs imports this."""

import payment_pb2 as pb
from bug_registry import Program


class Stream:
    """One stream of the server: its number, the token it was asked with (None: none), and the request."""

    def __init__(self, number, token, request):
        self.number, self.token, self.request = number, token, request


class Item:
    """One event that a stream is about to send."""

    def __init__(self, record, kind, positions):
        self.record = record
        self.event = pb.PaymentEvent(payment=record.payment, event_type=kind)
        if positions:
            self.event.partition, self.event.offset = record.place
            self.event.record_crc32c = record.crc

    def copy(self):
        other = Item.__new__(Item)
        other.record, other.event = self.record, pb.PaymentEvent()
        other.event.CopyFrom(self.event)
        return other


class Sound(Program):
    """No bug; what the others are made of."""

    def __init__(self, victim=60):
        super().__init__(victim)

    def exit_code(self):
        return 0

    def started(self, store):
        pass

    def health_code(self):
        return None

    def opens_loaded(self):
        return True

    def consumer_settings(self):
        return {}

    def log_id(self, topic):
        return "python/" + topic

    def first_offset(self, last):
        return 0

    def rejects(self, message):
        return False

    def rejected(self, message, index):
        return None

    def change_record(self, record):
        pass

    def supersedes(self, record, known):
        return record.rank > known.rank

    def refusal(self, token):
        return None

    def filter(self, request):
        return request.provider, request.status

    def owed(self, token):
        """What a stream with that token gets: what is behind this."""
        return token

    def sends_start(self, stream):
        return True

    def change_start(self, token, stream):
        pass

    def stream(self, items, stream):
        return items

    def found(self, record, store, context):
        return record

    def change_page(self, page):
        pass
