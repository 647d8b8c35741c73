"""What every client does with its messages: the twin of peers/exchange.mjs, which says why.

State is kept in closures and lists, since a method call and an attribute cost more than some clients do.
"""

import resource
import struct
import time

# As in peers/payloads.mjs.
MOST_DISTINCT = 128
BYTES_OF_ALL = 1024 * 1024
# Messages in flight whose time of sending is remembered: more than any window.
REMEMBERED = 1024
# Bytes of a stamped reply that are the server's times instead of what was sent.
STAMPS = 16

now_ns = time.monotonic_ns


class Exchange:
    """One client's conversation with the echo server; next() and reply() are its hot path."""

    def __init__(self, task, server_pid, take_views=False):
        self.window = task["window"]
        self.is_stamped = task.get("isStamped", False)
        self.path = "/stamped" if self.is_stamped else "/"
        self.is_done = self.has_ended = False
        self.result = None
        self.times = []
        self.sends = []
        self.receives = []
        self.next, self.reply = self._closures(task, server_pid, take_views)

    def _closures(self, task, server_pid, take_views):
        window = task["window"]
        # A burst is sent at once, so that no reply asks for a message of its own.
        is_burst = task["mode"] == "burst"
        per_sample = until_sample = task["perSample"]
        last = 0
        payloads = make_payloads(task["size"])
        count = len(payloads)
        skipped = STAMPS if self.is_stamped else 0
        tails = [payload[skipped:] for payload in payloads]
        size = task["size"]
        sent_at = [0] * REMEMBERED
        is_stamped = self.is_stamped
        add_time, add_send, add_receive = self.times.append, self.sends.append, self.receives.append
        unpack_stamps = struct.Struct("<qq").unpack_from
        warm_up_ns = task["warmUp"]["time"] * 1e6
        warm_up_messages = task["warmUp"]["messages"]
        measure_ns = task["measure"]["time"] * 1e6
        least, most = task["measure"]["samples"], task["measure"]["messages"]
        sent = received = samples = 0
        is_measuring = has_ended = False
        begun = now_ns()
        before = None

        def next_payload():
            nonlocal sent
            payload = payloads[sent % count]
            sent_at[sent % REMEMBERED] = now_ns()
            sent += 1
            return payload

        def is_as_sent(data, index):
            # Both compare in place: a slice of bytes would be a copy, a view compared by == is slow.
            if len(data) != size:
                return False
            if take_views:
                return tails[index].startswith(data[skipped:] if skipped else data)
            return data.endswith(tails[index]) if skipped else data == payloads[index]

        def reply(data):
            """Compares a reply with what was sent; the next payload, or None when no more is to be sent."""
            nonlocal received, samples, until_sample, last
            if not is_as_sent(data, received % count):
                raise ValueError(f"reply {received} is not what was sent")
            now = now_ns()
            at = sent_at[received % REMEMBERED]
            received += 1
            if is_measuring:
                if per_sample > 1:
                    until_sample -= 1
                    if until_sample:
                        return next_payload()
                    until_sample = per_sample
                    add_time((now - last) / per_sample)
                    last = now
                else:
                    add_time(now - at)
                if is_stamped:
                    arrived, left = unpack_stamps(data)
                    add_send(arrived - at)
                    add_receive(now - left)
                samples += 1
                if samples >= most or (samples >= least and now - begun >= measure_ns):
                    end(now)
                    return finish()
            elif has_ended:
                return finish()
            elif received >= warm_up_messages and now - begun >= warm_up_ns:
                if not is_burst or received % window == 0:
                    start()
            return None if is_burst else next_payload()

        def start():
            nonlocal is_measuring, begun, before, last
            is_measuring = True
            before = cpu_times(server_pid)
            begun = last = now_ns()

        def end(now):
            nonlocal is_measuring, has_ended
            is_measuring, has_ended = False, True
            after = cpu_times(server_pid)
            ticks = None
            if before[2] and after[2]:
                ticks = {mode: after[2][mode] - before[2][mode] for mode in after[2]}
            self.result = {
                "messages": samples * per_sample,
                "elapsed": (now - begun) / 1000,
                "clientUser": after[0] - before[0],
                "clientSystem": after[1] - before[1],
                "serverTicks": ticks,
            }

        def finish():
            self.is_done = received == sent
            self.has_ended = True
            if received > sent:
                raise ValueError("more replies than messages")

        return next_payload, reply


def make_payloads(size):
    """Builds the payloads that go out in turn, as makePayloads of peers/exchange.mjs does."""
    count = min(MOST_DISTINCT, max(2, BYTES_OF_ALL // size))
    words = count + -(-size // 8)
    pattern = b"".join(
        struct.pack("<II", word, (word + 1) * 0x9E3779B1 & 0xFFFFFFFF) for word in range(words)
    )
    return [pattern[i * 8 : i * 8 + size] for i in range(count)]


def cpu_times(server_pid):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime * 1e6, usage.ru_stime * 1e6, process_ticks(server_pid)


def process_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            stat = file.read()
    except OSError:
        return None
    # The second field is the program's name and may hold anything, so count from its last parenthesis.
    fields = stat[stat.rindex(")") + 2 :].split(" ")
    return {"user": int(fields[11]), "system": int(fields[12])}
