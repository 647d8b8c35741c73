"""Makes the messages that every client sends, the same ones as peers/payloads.mjs."""

import functools
import json
import random
import struct

MAX_DISTINCT_PAYLOADS = 128
MAX_PAYLOAD_BYTES = 1024 * 1024
TEXTS = {
    "ascii": 'The quick brown fox jumps over the lazy dog. {"id":42,"side":"buy","price":101.25} ',
    "mixed": "Grüße aus Köln, 世界こんにちは, привет мир, €100 für 🌍🚀. ",
}
NUMBER_DIGITS = 8


@functools.cache
def payloads_of(content, size):
    """Returns a list of payloads that all connections share."""
    makers = {"binary": make_payloads, "random": make_random, "json": make_json}
    return makers[content](size) if content in makers else make_texts(content, size)


def distinct_payloads(size):
    return min(MAX_DISTINCT_PAYLOADS, max(2, MAX_PAYLOAD_BYTES // size))


def make_payloads(size):
    count = distinct_payloads(size)
    words = count + -(-size // 8)
    pattern = b"".join(
        struct.pack("<II", word, (word + 1) * 0x9E3779B1 & 0xFFFFFFFF) for word in range(words)
    )
    return [pattern[i * 8 : i * 8 + size] for i in range(count)]


def make_texts(content, size):
    characters = TEXTS[content]
    lengths = [len(character.encode()) for character in characters]
    texts = []
    for i in range(distinct_payloads(size)):
        parts = [str(i).zfill(NUMBER_DIGITS)[-size:]]
        left = size - len(parts[0])
        at = i % len(characters)
        while lengths[at] <= left:
            left -= lengths[at]
            parts.append(characters[at])
            at = (at + 1) % len(characters)
        texts.append("".join(parts) + "." * left)
    return texts


SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-EUR", "ADA-EUR"]


def make_json(size):
    texts = []
    for i in range(distinct_payloads(size)):
        text, n = "[", i * 1000
        while len(text) + len(record := json_record(n)) + 2 <= size:
            text += record if text == "[" else f",{record}"
            n += 1
        texts.append(text.ljust(size - 1) + "]")
    return texts


def json_record(n):
    record = {
        "id": n,
        "symbol": SYMBOLS[n % len(SYMBOLS)],
        "side": "buy" if n % 3 else "sell",
        "price": n * 7919 % 1_000_000 / 100,
        "amount": n * 104_729 % 100_000 / 1000,
        "time": 1_700_000_000_000 + n * 137,
    }
    return json.dumps(record, separators=(",", ":"))


def make_random(size):
    return [random.Random(i).randbytes(size) for i in range(distinct_payloads(size))]
