"""websocket-client, with its native masking (wsaccel), which it picks up by itself when installed."""

import websocket


def run(url, exchange):
    ws = websocket.create_connection(url, enable_multithread=False, skip_utf8_validation=True)
    for _ in range(exchange.window):
        ws.send_binary(exchange.next())
    while not exchange.is_done:
        payload = exchange.reply(ws.recv())
        if payload is not None:
            ws.send_binary(payload)
    ws.close()
