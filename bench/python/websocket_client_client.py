"""websocket-client. It uses its native masking (wsaccel) if that is installed."""

import websocket


def run(url, exchange):
    ws = websocket.create_connection(url, enable_multithread=False)
    send = ws.send if exchange.is_text else ws.send_binary
    for _ in range(exchange.window):
        send(exchange.next())
    while not exchange.is_done:
        payload = exchange.reply(ws.recv())
        while payload is not None:
            send(payload)
            payload = exchange.more()
    ws.close()
