"""aiohttp's client, with its C extensions."""

import aiohttp
from exchange import check_compression

MAX_MESSAGE_SIZE = 64 * 1024 * 1024


async def run(url, exchange):
    async with aiohttp.ClientSession() as session:
        options = {"compress": 15 if exchange.is_compressed else 0, "max_msg_size": MAX_MESSAGE_SIZE}
        async with session.ws_connect(url, **options) as ws:
            check_compression(ws.compress, exchange)
            send = ws.send_str if exchange.is_text else ws.send_bytes
            receive = ws.receive_str if exchange.is_text else ws.receive_bytes
            for _ in range(exchange.window):
                await send(exchange.next())
            while not exchange.is_done:
                payload = exchange.reply(await receive())
                while payload is not None:
                    await send(payload)
                    payload = exchange.more()
