"""picows: its callback API, its API in the style of websockets, and the way in which the reference document used it."""

import asyncio
import contextlib

from picows import WSListener, WSMsgType, ws_connect

MAX_MESSAGE_SIZE = 64 * 1024 * 1024
# Seconds that it may take to close after its measurement.
MAX_CLOSE_TIME = 1
BINARY = WSMsgType.BINARY
TEXT = WSMsgType.TEXT


async def run_callback(url, exchange):
    loop = asyncio.get_running_loop()
    finished = loop.create_future()
    reply, more = exchange.reply, exchange.more

    class Client(WSListener):
        def on_ws_connected(self, transport):
            for _ in range(exchange.window):
                transport.send(BINARY, exchange.next())

        def on_ws_frame(self, transport, frame):
            if frame.msg_type != BINARY:
                return
            try:
                payload = reply(frame.get_payload_as_memoryview())
            except Exception as error:
                settle(finished, error)
                return
            if payload is None:
                if exchange.is_done:
                    settle(finished)
                return
            while payload is not None:
                transport.send(BINARY, payload)
                payload = more()

        def on_ws_disconnected(self, transport):
            settle(finished, ConnectionError("closed early"))

    # For text its users have to write other code, which decodes and encodes.
    class TextClient(Client):
        def on_ws_connected(self, transport):
            for _ in range(exchange.window):
                transport.send(TEXT, exchange.next().encode())

        def on_ws_frame(self, transport, frame):
            if frame.msg_type != TEXT:
                return
            try:
                payload = reply(frame.get_payload_as_utf8_text())
            except Exception as error:
                settle(finished, error)
                return
            if payload is not None:
                transport.send(TEXT, payload.encode())
            elif exchange.is_done:
                settle(finished)

    listener = TextClient if exchange.is_text else Client
    transport, _ = await ws_connect(listener, url, max_frame_size=MAX_MESSAGE_SIZE)
    await finished
    await close(transport)


run_callback.takes_views = True


async def run_websockets(url, exchange):
    from picows.websockets.asyncio.client import connect

    async with connect(url, compression=None, max_size=MAX_MESSAGE_SIZE, proxy=None) as ws:
        for _ in range(exchange.window):
            await ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(await ws.recv())
            while payload is not None:
                await ws.send(payload)
                payload = exchange.more()


async def run_as_published(url, exchange):
    """Sends all messages at once and takes every reply through a task and a queue, as the reference document did."""
    queue = asyncio.Queue()

    class Client(WSListener):
        def on_ws_frame(self, transport, frame):
            if frame.msg_type == BINARY:
                asyncio.create_task(queue.put(frame.get_payload_as_bytes()))

        def on_ws_disconnected(self, transport):
            asyncio.create_task(queue.put(None))

    transport, _ = await ws_connect(Client, url, max_frame_size=MAX_MESSAGE_SIZE)
    while not exchange.has_ended:
        for _ in range(exchange.window):
            transport.send(BINARY, exchange.next())
        for _ in range(exchange.window):
            data = await queue.get()
            if data is None:
                raise ConnectionError("closed early")
            exchange.reply(data)
    await close(transport)


async def close(transport):
    transport.send_close()
    transport.disconnect()
    # Over TLS this sometimes waits for ever. The measurement has ended by now.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(transport.wait_disconnected(), MAX_CLOSE_TIME)


def settle(future, error=None):
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
