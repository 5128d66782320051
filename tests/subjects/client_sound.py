"""What client.py asks of its bug at each step, answered rightly. Every module of the client's bugs imports this."""

from bug_registry import Program


class Sound(Program):
    """No bug; what the others are made of."""

    KEEPS_LOG = True

    def __init__(self, victim=60):
        super().__init__(victim)
        self.count = 0

    def exit_code(self, code):
        return code

    def lines(self, lines):
        return lines

    def received(self, events, client):
        for event in events:
            self.count += 1
            yield from self.each(event)

    def each(self, event):
        yield event

    def token(self, token):
        return token

    def drops(self):
        return True

    def gives_up(self, code):
        return True

    def pause_s(self, pause_s):
        return pause_s

    def connects_within_s(self):
        return 2
