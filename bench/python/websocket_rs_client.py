"""websocket-rs: its async API, with and without a callback, its deprecated one on Tokio, and its sync API."""

import asyncio
import warnings

import websocket_rs
from picows_client import settle


async def run_async(url, exchange):
    ws = await websocket_rs.connect(url)
    for _ in range(exchange.window):
        ws.send(exchange.next())
    while not exchange.is_done:
        payload = exchange.reply(memoryview(await ws.recv()))
        if payload is not None:
            ws.send(payload)
    ws.close()


run_async.takes_views = True


async def run_callback(url, exchange):
    finished = asyncio.get_running_loop().create_future()
    reply = exchange.reply
    ws = None

    def on_message(message):
        try:
            payload = reply(memoryview(message))
        except Exception as error:
            settle(finished, error)
            return
        if payload is not None:
            ws.send(payload)
        elif exchange.is_done:
            settle(finished)

    ws = await websocket_rs.connect(url, on_message=on_message)
    for _ in range(exchange.window):
        ws.send(exchange.next())
    await finished
    ws.close()


run_callback.takes_views = True


async def run_tokio(url, exchange):
    """The API the reference document calls websocket-rs Async; deprecated since."""
    warnings.simplefilter("ignore", DeprecationWarning)
    async with await websocket_rs.async_client.connect(url) as ws:
        for _ in range(exchange.window):
            await ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(await ws.recv())
            if payload is not None:
                await ws.send(payload)


def run_sync(url, exchange):
    with websocket_rs.sync.client.connect(url, tcp_nodelay=True) as ws:
        for _ in range(exchange.window):
            ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(ws.recv())
            if payload is not None:
                ws.send(payload)
