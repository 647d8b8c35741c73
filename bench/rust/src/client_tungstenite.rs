//! The client on tokio-tungstenite: what one read brought is answered by one write.

use crate::exchange::Exchange;
use crate::secure::Stream;
use crate::served::LARGEST_MESSAGE;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

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
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let url = format!("ws://{authority}{}", exchange.path());
    let (mut ws, _) = client_async_with_config(url, stream, Some(config)).await?;
    for _ in 0..exchange.window() {
        ws.feed(Message::Binary(exchange.next())).await?;
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
        let Some(message) = arrived.transpose()? else {
            return Ok(Err("closed early".into()));
        };
        if let Message::Binary(data) = message {
            match exchange.reply(&data) {
                Ok(Some(next)) => ws.feed(Message::Binary(next)).await?,
                Ok(None) => {}
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
    ws.close(None).await?;
    Ok(Ok(()))
}
