"""Performs tasks with connections, as peers/connections.mjs does, for clients that await and for those that block."""

import asyncio
import gc
import os
import re

from exchange import Exchange
from measure import Measure, cpu_times, now_ns
from paced_exchange import PacedExchange
from single_message import IdleExchange, OneMessageExchange

MAX_OPENING_AT_ONCE = 50
# Seconds to wait after garbage was collected.
SETTLING = 0.3


class Result:
    def __init__(self, measure=None, totals=None):
        self.times = measure.times if measure else []
        self.sends = measure.sends if measure else []
        self.receives = measure.receives if measure else []
        self.totals = totals or measure.result


async def perform(task, url, server_pid, run):
    if task["mode"] == "connect":
        measure = Measure(task, server_pid)
        while not measure.has_ended:
            exchange = OneMessageExchange(task["size"])
            begun = now_ns()
            await run(url, exchange)
            take_connection(measure, exchange, begun)
        return Result(measure)
    if task["mode"] == "idle":
        return await lie_idle(task, url, server_pid, run)
    if task["mode"] == "paced":
        exchange = PacedExchange(task)
        await run(url.rstrip("/") + exchange.path, exchange)
        return paced_result(exchange)
    return await converse(task, url, server_pid, run)


def perform_blocking(task, url, server_pid, run):
    if task["mode"] == "paced":
        exchange = PacedExchange(task)
        run(url.rstrip("/") + exchange.path, exchange)
        return paced_result(exchange)
    if "connections" in task:
        raise ValueError("a blocking client has one connection at a time")
    measure = Measure(task, server_pid)
    if task["mode"] == "connect":
        while not measure.has_ended:
            exchange = OneMessageExchange(task["size"])
            begun = now_ns()
            run(url, exchange)
            take_connection(measure, exchange, begun)
        return Result(measure)
    exchange = Exchange(task, measure)
    run(url.rstrip("/") + exchange.path, exchange)
    return result_of(measure, [exchange])


def paced_result(exchange):
    if exchange.result is None:
        raise ConnectionError("the server stopped sending: an echo was wrong")
    result = Result(totals=exchange.result)
    result.times = exchange.times
    return result


def take_connection(measure, exchange, begun):
    if not exchange.is_done:
        raise ConnectionError("the connection closed before its reply had arrived")
    measure.take(now_ns(), begun, b"")


async def converse(task, url, server_pid, run):
    measure = Measure(task, server_pid)
    connections = task.get("connections", 1)
    if connections > 1:
        measure.hold()
    exchanges = []
    running = []
    while len(exchanges) < connections:
        exchange = Exchange(task, measure, getattr(run, "takes_views", False))
        exchanges.append(exchange)
        running.append(asyncio.ensure_future(run(url.rstrip("/") + exchange.path, exchange)))
        opened = len(exchanges) - MAX_OPENING_AT_ONCE
        if opened >= 0:
            await until(lambda: exchanges[opened].has_begun(), running)
    if connections > 1:
        await until(lambda: all(exchange.has_begun() for exchange in exchanges), running)
        measure.release()
    await asyncio.gather(*running)
    return result_of(measure, exchanges)


def result_of(measure, exchanges):
    if measure.result is None or not all(exchange.is_done for exchange in exchanges):
        raise ConnectionError("a connection closed before every reply had arrived")
    return Result(measure)


async def lie_idle(task, url, server_pid, run):
    connections = task.get("connections", 1)
    exchange = IdleExchange(task["size"])
    running = []

    async def open_connections(count):
        for _ in range(count):
            idle = exchange.idle
            running.append(asyncio.ensure_future(run(url, exchange)))
            await until(lambda: exchange.idle > idle, running[-1:])

    # These first connections do not count. They take what a process needs only once, and heaps grow in steps at first.
    await open_connections(-(-connections // 2))
    client_before, server_before = await memory(server_pid)
    cpu_before, begun = cpu_times(server_pid), now_ns()
    await open_connections(connections)
    elapsed, cpu = (now_ns() - begun) / 1000, cpu_times(server_pid)
    client_after, server_after = await memory(server_pid)
    totals = {
        "messages": connections,
        "elapsed": elapsed,
        "clientUser": cpu[0] - cpu_before[0],
        "clientSystem": cpu[1] - cpu_before[1],
        "bytesPerConnection": (client_after - client_before) / connections,
        "serverBytesPerConnection": (server_after - server_before) / connections,
    }
    return Result(totals=totals)


async def memory(server_pid):
    for _ in range(2):
        gc.collect()
        await asyncio.sleep(SETTLING)
    return resident_bytes(os.getpid()), resident_bytes(server_pid)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"^VmRSS:\s+(\d+) kB$", file.read(), re.MULTILINE)[1]) * 1024


async def until(condition, running):
    while not condition():
        for task in running:
            if task.done():
                task.result()
        await asyncio.sleep(0.001)
