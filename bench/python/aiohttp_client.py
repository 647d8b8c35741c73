"""aiohttp's client, with its C extensions and no compression."""

import aiohttp


async def run(url, exchange):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=0, max_msg_size=64 * 1024 * 1024) as ws:
            send = ws.send_str if exchange.is_text else ws.send_bytes
            receive = ws.receive_str if exchange.is_text else ws.receive_bytes
            for _ in range(exchange.window):
                await send(exchange.next())
            while not exchange.is_done:
                payload = exchange.reply(await receive())
                while payload is not None:
                    await send(payload)
                    payload = exchange.more()
