"""An open loop, as in peers/paced-exchange.mjs."""

import struct

from measure import cpu_times, now_ns


class PacedExchange:
    window = 1
    is_text = False
    is_compressed = False
    is_done = False
    has_ended = False

    def __init__(self, task):
        self._size, self._discarded = task["size"], task["discarded"]
        numbers = [task[name] for name in ("size", "rate", "discarded", "counted")]
        self.path = "/paced/" + "/".join(map(str, numbers))
        self._echoed = 0
        self._begun = 0
        self._before = None
        self.times = []
        self.result = None

    def next(self):
        return b"begin"

    def reply(self, data):
        if len(data) != self._size:
            self._end(bytes(data))
            return None
        self._echoed += 1
        if self._echoed == self._discarded:
            self._before, self._begun = cpu_times(None), now_ns()
        # A copy, since not every client can send a view.
        return bytes(data)

    def more(self):
        return None

    def _end(self, latencies):
        elapsed, cpu = (now_ns() - self._begun) / 1000, cpu_times(None)
        self.times = [nanos for (nanos,) in struct.iter_unpack("<I", latencies)]
        self.result = {
            "messages": len(self.times),
            "elapsed": elapsed,
            "clientUser": cpu[0] - self._before[0],
            "clientSystem": cpu[1] - self._before[1],
        }
        self.is_done = True
