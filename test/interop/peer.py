"""The other end of websockets.test.ts: a server or a client made with Python's `websockets`.

    python3 peer.py server            prints its port, echoes until its standard input ends
    python3 peer.py client URL KIND   talks to an echo server, prints `ok` or a traceback

KIND is plain or compressed: what the server is to agree to.
"""

import asyncio
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

SIZES = [0, 1, 125, 126, 65535, 65536, 1000000]


async def echo(ws):
    async for message in ws:
        if message == "close me":
            await ws.close(4000, "as you wish")
            break
        elif message == "fragments":
            await ws.send(["one ", "two"])
        else:
            await ws.send(message)


async def run_server():
    async with serve(echo, "127.0.0.1", 0, subprotocols=["b"]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def run_client(url, kind):
    # Compression is offered, as it is by default.
    async with connect(url, subprotocols=["a", "b"], max_size=None) as ws:
        assert ws.subprotocol == "b", ws.subprotocol
        extensions = ws.response.headers.get("Sec-WebSocket-Extensions", "")
        assert extensions.startswith("permessage-deflate") == (kind == "compressed"), extensions
        for size in SIZES:
            binary = bytes(i % 251 for i in range(size))
            await ws.send(binary)
            assert await ws.recv() == binary, size
            text = "ä" * (size // 2)
            await ws.send(text)
            assert await ws.recv() == text, size
        await ws.send(["one ", "two"])
        assert await ws.recv() == "one two"
        await (await ws.ping())
        await ws.send("close me")
        try:
            await ws.recv()
        except websockets.ConnectionClosed as error:
            assert error.rcvd.code == 4000, error
            assert error.rcvd.reason == "as you wish", error
        else:
            raise AssertionError("the server did not close")
    print("ok")


if sys.argv[1] == "server":
    asyncio.run(run_server())
else:
    asyncio.run(run_client(sys.argv[2], sys.argv[3]))
