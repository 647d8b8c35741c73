"""websocket-rs: its async API with and without a callback, its deprecated async API on Tokio, and its sync API."""

import asyncio
import warnings

import websocket_rs
from picows_client import settle


async def run_async(url, exchange):
    ws = await websocket_rs.connect(url, compression=exchange.is_compressed)
    for _ in range(exchange.window):
        ws.send(exchange.next())
    while not exchange.is_done:
        message = await ws.recv()
        payload = exchange.reply(value_of(message, exchange.is_text))
        while payload is not None:
            ws.send(payload)
            payload = exchange.more()
    ws.close()


run_async.takes_views = True


async def run_callback(url, exchange):
    finished = asyncio.get_running_loop().create_future()
    reply, is_text = exchange.reply, exchange.is_text
    ws = None

    def on_message(message):
        try:
            payload = reply(value_of(message, is_text))
        except Exception as error:
            settle(finished, error)
            return
        if payload is None and exchange.is_done:
            settle(finished)
        while payload is not None:
            ws.send(payload)
            payload = exchange.more()

    ws = await websocket_rs.connect(url, on_message=on_message, compression=exchange.is_compressed)
    for _ in range(exchange.window):
        ws.send(exchange.next())
    await finished
    ws.close()


run_callback.takes_views = True


async def run_tokio(url, exchange):
    """The API that the reference document calls websocket-rs Async. It has been deprecated since."""
    warnings.simplefilter("ignore", DeprecationWarning)
    async with await websocket_rs.async_client.connect(url) as ws:
        for _ in range(exchange.window):
            await ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(await ws.recv())
            while payload is not None:
                await ws.send(payload)
                payload = exchange.more()


def value_of(message, is_text):
    return str(message, "utf-8") if is_text else memoryview(message)


def run_sync(url, exchange):
    with websocket_rs.sync.client.connect(url, tcp_nodelay=True) as ws:
        for _ in range(exchange.window):
            ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(ws.recv())
            while payload is not None:
                ws.send(payload)
                payload = exchange.more()
