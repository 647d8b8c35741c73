"""websockets: asyncio and sync, with its C extension."""

from exchange import check_compression

MAX_MESSAGE_SIZE = 64 * 1024 * 1024


def options_for(exchange):
    compression = "deflate" if exchange.is_compressed else None
    return {"compression": compression, "max_size": MAX_MESSAGE_SIZE, "proxy": None}


async def run_async(url, exchange):
    from websockets.asyncio.client import connect

    async with connect(url, **options_for(exchange)) as ws:
        check_compression(ws.protocol.extensions, exchange)
        for _ in range(exchange.window):
            await ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(await ws.recv())
            while payload is not None:
                await ws.send(payload)
                payload = exchange.more()


def run_sync(url, exchange):
    from websockets.sync.client import connect

    with connect(url, **options_for(exchange)) as ws:
        check_compression(ws.protocol.extensions, exchange)
        for _ in range(exchange.window):
            ws.send(exchange.next())
        while not exchange.is_done:
            payload = exchange.reply(ws.recv())
            while payload is not None:
                ws.send(payload)
                payload = exchange.more()
