"""aiohttp's client, with its C extensions and no compression."""

import aiohttp


async def run(url, exchange):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=0, max_msg_size=64 * 1024 * 1024) as ws:
            for _ in range(exchange.window):
                await ws.send_bytes(exchange.next())
            while not exchange.is_done:
                payload = exchange.reply(await ws.receive_bytes())
                if payload is not None:
                    await ws.send_bytes(payload)
