"""A client process: takes its work as JSON, answers each task in JSON lines, as peers/driver.mjs does."""

import asyncio
import importlib
import inspect
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from exchange import Exchange  # noqa: E402
from measure import Measure  # noqa: E402

SAMPLES_PER_LINE = 5000
CLIENTS = {
    "aiohttp": ("aiohttp_client", "run"),
    "picows": ("picows_client", "run_callback"),
    "picows-websockets": ("picows_client", "run_websockets"),
    "picows-as-published": ("picows_client", "run_as_published"),
    "websocket-client": ("websocket_client_client", "run"),
    "websocket-rs-async": ("websocket_rs_client", "run_async"),
    "websocket-rs-callback": ("websocket_rs_client", "run_callback"),
    "websocket-rs-tokio": ("websocket_rs_client", "run_tokio"),
    "websocket-rs-sync": ("websocket_rs_client", "run_sync"),
    "websockets-async": ("websockets_client", "run_async"),
    "websockets-sync": ("websockets_client", "run_sync"),
}


def main():
    name, work = sys.argv[1], json.loads(sys.argv[2])
    module, function = CLIENTS[name]
    run = getattr(importlib.import_module(module), function)
    try:
        if inspect.iscoroutinefunction(run):
            run_in_loop(run, work)
        else:
            for task in work["tasks"]:
                answer(converse_sync(run, task, work))
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        print_line({"type": "failed", "reason": reason})
        return 1
    return 0


def run_in_loop(run, work):
    import uvloop

    async def converse_all():
        for task in work["tasks"]:
            exchange = exchange_for(task, run, work)
            await run(work["url"].rstrip("/") + exchange.path, exchange)
            answer(exchange)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(converse_all())


def exchange_for(task, run, work):
    measure = Measure(task, work["serverPid"])
    return Exchange(task, measure, getattr(run, "takes_views", False))


def converse_sync(run, task, work):
    exchange = exchange_for(task, run, work)
    run(work["url"].rstrip("/") + exchange.path, exchange)
    return exchange


def answer(exchange):
    measure = exchange.measure
    if measure.result is None or not exchange.is_done:
        raise ConnectionError("the connection closed before every reply had arrived")
    kinds = {"times": measure.times}
    if measure.sends:
        kinds |= {"sends": measure.sends, "receives": measure.receives}
    for start in range(0, len(measure.times), SAMPLES_PER_LINE):
        end = start + SAMPLES_PER_LINE
        micros = {key: [ns / 1000 for ns in values[start:end]] for key, values in kinds.items()}
        print_line({"type": "samples", **micros})
    print_line({"type": "finished", **measure.result})


def print_line(record):
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    sys.exit(main())
