"""Decides when the measured part of a cell begins and ends, as peers/measure.mjs does."""

import resource
import struct
import time

# Bytes at the start of a stamped reply that are the server's times, not those of the message.
STAMPS = 16

now_ns = time.monotonic_ns


class Measure:
    """The samples of a cell; take() is its hot path, a closure as in exchange.py."""

    def __init__(self, task, server_pid):
        self.has_ended = False
        self.result = None
        self.times = []
        self.sends = []
        self.receives = []
        self.take, self.hold, self.release = self._closures(task, server_pid)

    def _closures(self, task, server_pid):
        per_sample = task["perSample"]
        per_reply = task["messagesPerReply"]
        until_sample = per_sample // per_reply
        # A warm-up may only end between two bursts, when no message is in flight.
        granularity = task["window"] if task["mode"] == "burst" else 1
        is_stamped = task["isStamped"]
        add_time, add_send, add_receive = self.times.append, self.sends.append, self.receives.append
        unpack_stamps = struct.Struct("<qq").unpack_from
        warm_up_ns = task["warmUp"]["time"] * 1e6
        warm_up_messages = task["warmUp"]["messages"]
        warm_up_limit_ns = task["warmUp"]["limit"] * 1e6
        measure_limit_ns = task["measure"]["limit"] * 1e6
        measure_ns = task["measure"]["time"] * 1e6
        least, most = task["measure"]["samples"], task["measure"]["messages"] // per_sample
        counted = samples = last = 0
        is_measuring = is_held = False
        begun = now_ns()
        before = None

        def take(now, at, data):
            """Takes a reply and the time at which its message was sent. Returns whether to go on sending."""
            nonlocal counted, samples, until_sample, last
            if is_measuring:
                if per_sample > 1:
                    until_sample -= 1
                    if until_sample:
                        return True
                    until_sample = per_sample // per_reply
                    add_time((now - last) / per_sample)
                    last = now
                else:
                    add_time(now - at)
                    if is_stamped:
                        arrived, left = unpack_stamps(data)
                        add_send(arrived - at)
                        add_receive(now - left)
                samples += 1
                elapsed = now - begun
                is_enough = samples >= least or elapsed >= measure_limit_ns
                if samples >= most or (is_enough and elapsed >= measure_ns):
                    end(now)
                    return False
                return True
            if self.has_ended:
                return False
            counted += per_reply
            elapsed = now - begun
            is_warm = counted >= warm_up_messages or elapsed >= warm_up_limit_ns
            is_warm = is_warm and elapsed >= warm_up_ns and counted % granularity == 0
            if is_warm and not is_held:
                start()
            return True

        def start():
            nonlocal is_measuring, begun, before, last
            is_measuring = True
            before = cpu_times(server_pid)
            begun = last = now_ns()

        def end(now):
            nonlocal is_measuring
            is_measuring, self.has_ended = False, True
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

        def hold():
            """Keeps the warm-up from ending until release() is called, which starts it anew."""
            nonlocal is_held
            is_held = True

        def release():
            nonlocal is_held, begun
            is_held, begun = False, now_ns()

        return take, hold, release


def cpu_times(server_pid):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime * 1e6, usage.ru_stime * 1e6, process_ticks(server_pid)


def process_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            stat = file.read()
    except OSError:
        return None
    # The second field is the program's name and may contain anything, so fields are counted from its last parenthesis.
    fields = stat[stat.rindex(")") + 2 :].split(" ")
    return {"user": int(fields[11]), "system": int(fields[12])}
