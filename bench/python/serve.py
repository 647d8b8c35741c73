"""Echo servers on websockets and picows. The path says whether replies are stamped with times."""

import asyncio
import ssl
import struct
import sys
import time

import uvloop

MAX_MESSAGE_SIZE = 64 * 1024 * 1024
# Bytes at the start of a stamped reply: when the message was received, and when the reply is sent.
STAMPS = 16
stamps = struct.Struct("<qq")


async def serve_websockets(context):
    from websockets.asyncio.server import serve

    async def converse(ws):
        is_stamped = ws.request.path == "/stamped"
        async for message in ws:
            if is_stamped and isinstance(message, bytes) and len(message) >= STAMPS:
                received = time.monotonic_ns()
                reply = bytearray(message)
                stamps.pack_into(reply, 0, received, time.monotonic_ns())
                await ws.send(reply)
            else:
                await ws.send(message)

    options = {"compression": None, "max_size": MAX_MESSAGE_SIZE, "ssl": context}
    server = await serve(converse, "127.0.0.1", 0, **options)
    return server.sockets, server.serve_forever


async def serve_picows(context):
    from picows import WSListener, WSMsgType, ws_create_server

    class Connection(WSListener):
        def __init__(self, path):
            self.is_stamped = path == b"/stamped"

        def on_ws_frame(self, transport, frame):
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            elif self.is_stamped and frame.msg_type == WSMsgType.BINARY:
                received = time.monotonic_ns()
                reply = bytearray(frame.get_payload_as_memoryview())
                if len(reply) >= STAMPS:
                    stamps.pack_into(reply, 0, received, time.monotonic_ns())
                transport.send(frame.msg_type, reply)
            else:
                transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await ws_create_server(
        lambda request: Connection(request.path),
        "127.0.0.1",
        0,
        max_frame_size=MAX_MESSAGE_SIZE,
        ssl=context,
    )
    return server.sockets, server.serve_forever


def context_of(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def main(serve, *certificate):
    context = context_of(*certificate) if certificate else None
    sockets, serve_forever = await serve(context)
    scheme = "wss" if context else "ws"
    print(f"listening on {scheme}://127.0.0.1:{next(iter(sockets)).getsockname()[1]}/", flush=True)
    await serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        library, *certificate = sys.argv[1:]
        servers = {"websockets": serve_websockets, "picows": serve_picows}
        runner.run(main(servers[library], *certificate))
