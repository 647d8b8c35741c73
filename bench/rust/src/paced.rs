//! `/paced/SIZE/RATE/DISCARDED/COUNTED`: an open loop. After a first message the server sends at its own pace,
//! whatever the client does, and takes every echo. A latency counts from the time at which its message was due. So a
//! client that stalls has longer latencies for all messages that were due meanwhile. At the end the server sends the
//! latencies.

use crate::clock;
use crate::payloads::{Content, Payloads};
use crate::secure::Stream;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Nanoseconds between a client's first message and the first of the server's.
const HEAD_START: u64 = 5_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub size: usize,
    /// Messages per second.
    pub rate: usize,
    /// Messages at the start whose latencies do not count.
    pub discarded: usize,
    pub counted: usize,
}

pub async fn serve(ws: &mut WebSocketStream<impl Stream>, pace: Pace) -> Result<(), Error> {
    if ws.next().await.transpose()?.is_none() {
        return Ok(());
    }
    let payloads = Payloads::new(Content::Binary, pace.size);
    let begun = clock::now() + HEAD_START;
    let due_at = |index: usize| begun + index as u64 * 1_000_000_000 / pace.rate as u64;
    let count = pace.discarded + pace.counted;
    let (mut sent, mut received) = (0, 0);
    let mut latencies = BytesMut::with_capacity(4 * pace.counted);
    while received < count {
        if sent < count && clock::now() >= due_at(sent) {
            ws.send(Message::Binary(payloads.get(sent).clone())).await?;
            sent += 1;
        }
        // It spins, since no timer is precise enough.
        match ws.next().now_or_never() {
            Some(Some(Ok(Message::Binary(echo)))) => {
                if received == sent || echo != payloads.get(received) {
                    return Ok(());
                }
                if received >= pace.discarded {
                    let latency = clock::now() - due_at(received);
                    latencies.put_u32_le(latency.min(u32::MAX.into()) as u32);
                }
                received += 1;
            }
            Some(Some(Ok(_))) => {}
            Some(Some(Err(error))) => return Err(error),
            Some(None) => return Ok(()),
            None => tokio::task::yield_now().await,
        }
    }
    ws.send(Message::Binary(Bytes::from(latencies))).await?;
    while ws.next().await.transpose()?.is_some() {}
    Ok(())
}
