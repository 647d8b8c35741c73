"""Says which payload is sent next, and checks every reply, as peers/exchange.mjs does. That file says why.

State is kept in closures and lists, since method calls and attributes would cost more than some clients do.
"""

import functools

from measure import STAMPS, now_ns
from payloads import payloads_of

REQUEST = 8
ACKNOWLEDGEMENT = 8
# Most messages in flight whose time of sending is remembered.
MAX_IN_FLIGHT = 1024


class Exchange:
    """One connection's conversation; next(), reply() and more() are its hot path."""

    def __init__(self, task, measure, take_views=False):
        self.window = task["window"]
        self.is_text = task["content"] not in ("binary", "random")
        self.is_compressed = task["isCompressed"]
        self.path = path_of(task)
        self.measure = measure
        self.is_done = False
        self.next, self.reply, self.more, self.has_begun = self._closures(task, take_views)

    @property
    def has_ended(self):
        return self.measure.has_ended

    def _closures(self, task, take_views):
        # The messages of a burst are sent all at once, so no message is sent for a reply.
        is_burst = task["mode"] == "burst"
        replies_per_message = until_due = task["repliesPerMessage"]
        messages_per_reply = task["messagesPerReply"]
        is_echo = replies_per_message == messages_per_reply == 1 and not is_burst
        content, size = task["content"], task["size"]
        all_payloads = payloads_of(content, size)
        payloads = all_payloads if replies_per_message == 1 else payloads_of("binary", REQUEST)
        expected = all_payloads
        if messages_per_reply > 1:
            expected = acknowledgements(all_payloads, messages_per_reply)
            size = ACKNOWLEDGEMENT
        skipped = STAMPS if task["isStamped"] else 0
        tails = tails_of(content, size, skipped) if expected is all_payloads else expected
        is_text = self.is_text
        remembered = min(MAX_IN_FLIGHT, 2 * self.window)
        sent_at = [0] * remembered
        take = self.measure.take
        count, expected_count = len(payloads), len(expected)
        sent = received = due = 0

        def next_payload():
            nonlocal sent
            payload = payloads[sent % count]
            sent_at[sent % remembered] = now_ns()
            sent += 1
            return payload

        def is_as_expected(data, index):
            if is_text:
                return data == expected[index]
            # startswith and endswith compare in place. A slice of bytes would be a copy, and == on a view is slow.
            if len(data) != size:
                return False
            if take_views:
                return tails[index].startswith(data[skipped:] if skipped else data)
            return data.endswith(tails[index]) if skipped else data == expected[index]

        def reply(data):
            """Compares a reply. Returns the message to send for it, or None."""
            nonlocal received, until_due, due
            if not is_as_expected(data, received % expected_count):
                raise ValueError(f"reply {received} is not what was expected")
            now = now_ns()
            at = sent_at[received % remembered]
            received += 1
            goes_on = take(now, at, data)
            if is_echo:
                if goes_on:
                    return next_payload()
            elif goes_on:
                until_due -= 1
                if until_due or is_burst:
                    return None
                until_due = replies_per_message
                due += messages_per_reply - 1
                return next_payload()
            owed = received * messages_per_reply - sent * replies_per_message
            self.is_done = owed == 0 and due == 0
            if owed > 0:
                raise ValueError("more replies than messages")
            return None

        def more():
            """Returns another message to send for the last reply, or None if there is no more."""
            nonlocal due
            if due == 0:
                return None
            due -= 1
            return next_payload()

        def has_begun():
            """Whether its connection is open and has sent a message."""
            return sent > 0

        return next_payload, reply, more, has_begun


def path_of(task):
    if task["repliesPerMessage"] > 1:
        return f"/flood/{task['size']}/{task['repliesPerMessage']}"
    if task["messagesPerReply"] > 1:
        return f"/take/{task['messagesPerReply']}"
    return "/stamped" if task["isStamped"] else "/"


@functools.cache
def tails_of(content, size, skipped):
    return [payload[skipped:] for payload in payloads_of(content, size)]


def acknowledgements(payloads, per_reply):
    count = len(payloads)
    return [
        payloads[(per_reply * (reply + 1) - 1) % count][:ACKNOWLEDGEMENT] for reply in range(count)
    ]


def check_compression(negotiated, exchange):
    if bool(negotiated) != exchange.is_compressed:
        raise ValueError("compression was negotiated" if negotiated else "no compression was negotiated")
