"""Exchanges of one message, as in peers/single-message.mjs."""


class SingleMessage:
    window = 1
    is_text = False
    path = "/"
    is_compressed = False
    is_done = False

    def __init__(self, size):
        self._payload = b"\x5a" * size

    def next(self):
        return self._payload

    def reply(self, data):
        if bytes(data) != self._payload:
            raise ValueError("the reply is not what was expected")
        self.count()

    def count(self):
        """Counts a reply. No message follows it."""

    def more(self):
        return None


class OneMessageExchange(SingleMessage):
    """A connection that closes after its message."""

    def count(self):
        self.is_done = True


class IdleExchange(SingleMessage):
    """Connections that are idle after their message. They share one object, so that it is not part of their memory."""

    idle = 0

    def count(self):
        self.idle += 1
