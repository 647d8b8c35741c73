//! The client on tokio-tungstenite. It answers all messages of one read by one write.

use crate::exchange::Exchange;
use crate::secure::Stream;
use crate::served::MAX_MESSAGE_SIZE;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

pub async fn run(
    stream: impl Stream,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), String> {
    converse(stream, authority, exchange)
        .await
        .map_err(|error| error.to_string())?
}

async fn converse(
    stream: impl Stream,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<Result<(), String>, Error> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_SIZE))
        .max_frame_size(Some(MAX_MESSAGE_SIZE));
    let url = format!("ws://{authority}{}", exchange.path());
    let (mut ws, _) = client_async_with_config(url, stream, Some(config)).await?;
    let message = if exchange.is_text() {
        text
    } else {
        Message::Binary
    };
    for _ in 0..exchange.window() {
        ws.feed(message(exchange.next())).await?;
    }
    ws.flush().await?;
    while !exchange.is_done() {
        let arrived = match ws.next().now_or_never() {
            Some(arrived) => arrived,
            None => {
                ws.flush().await?;
                ws.next().await
            }
        };
        let Some(reply) = arrived.transpose()? else {
            return Ok(Err("closed early".into()));
        };
        let data: &[u8] = match &reply {
            Message::Binary(data) => data,
            Message::Text(text) => text.as_bytes(),
            _ => continue,
        };
        let mut next = match exchange.reply(data) {
            Ok(next) => next,
            Err(reason) => return Ok(Err(reason)),
        };
        while let Some(payload) = next {
            ws.feed(message(payload)).await?;
            next = exchange.more();
        }
    }
    ws.close(None).await?;
    Ok(Ok(()))
}

fn text(payload: Bytes) -> Message {
    // SAFETY: the payloads of a text are made from strings.
    Message::Text(unsafe { Utf8Bytes::from_bytes_unchecked(payload) })
}
