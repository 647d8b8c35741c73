"""The program of a client process: takes its work as JSON and answers each task in JSON lines, as peers/driver.mjs does."""

import asyncio
import importlib
import inspect
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from connections import perform, perform_blocking  # noqa: E402

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
            perform_in_loop(run, work)
        else:
            for task in work["tasks"]:
                answer(perform_blocking(task, work["url"], work["serverPid"], run))
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        print_line({"type": "failed", "reason": reason})
        return 1
    return 0


def perform_in_loop(run, work):
    import uvloop

    async def perform_all():
        for task in work["tasks"]:
            answer(await perform(task, work["url"], work["serverPid"], run))
            if task["mode"] == "idle":
                # Its connections are never closed, so the process ends here.
                os._exit(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(perform_all())


def answer(result):
    kinds = {"times": result.times}
    if result.sends:
        kinds |= {"sends": result.sends, "receives": result.receives}
    for start in range(0, len(result.times), SAMPLES_PER_LINE):
        end = start + SAMPLES_PER_LINE
        micros = {key: [ns / 1000 for ns in values[start:end]] for key, values in kinds.items()}
        print_line({"type": "samples", **micros})
    print_line({"type": "finished", **result.totals})


def print_line(record):
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    sys.exit(main())
