"""Exchanges of one message: the twin of peers/single-message.mjs."""


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
        """Counts a reply; no other message follows."""

    def more(self):
        return None


class OneMessageExchange(SingleMessage):
    """A connection that closes after its message."""

    def count(self):
        self.is_done = True


class IdleExchange(SingleMessage):
    """Any number of connections that each lie idle after their message: one object, so that none of it is theirs."""

    idle = 0

    def count(self):
        self.idle += 1
