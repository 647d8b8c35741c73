//! The client on fastwebsockets, as its documentation shows it.

use crate::exchange::Exchange;
use crate::secure::Stream;
use crate::served::MAX_MESSAGE_SIZE;
use fastwebsockets::{CloseCode, FragmentCollector, Frame, OpCode, Payload, handshake};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use std::error::Error;
use std::future::Future;

struct SpawnExecutor;

impl<F> hyper::rt::Executor<F> for SpawnExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn(future);
    }
}

pub async fn run(
    stream: impl Stream + 'static,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), String> {
    converse(stream, authority, exchange)
        .await
        .map_err(|error| error.to_string())
}

async fn converse(
    stream: impl Stream + 'static,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), Box<dyn Error>> {
    let request = Request::builder()
        .uri(format!("http://{authority}{}", exchange.path()))
        .header(HOST, authority)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())?;
    let (mut ws, _) = handshake::client(&SpawnExecutor, request, stream).await?;
    ws.set_max_message_size(MAX_MESSAGE_SIZE);
    let mut ws = FragmentCollector::new(ws);
    let opcode = if exchange.is_text() {
        OpCode::Text
    } else {
        OpCode::Binary
    };
    for _ in 0..exchange.window() {
        ws.write_frame(frame(opcode, &exchange.next())).await?;
    }
    while !exchange.is_done() {
        let reply = ws.read_frame().await?;
        match reply.opcode {
            OpCode::Binary | OpCode::Text => {
                let mut next = exchange.reply(&reply.payload)?;
                while let Some(payload) = next {
                    ws.write_frame(frame(opcode, &payload)).await?;
                    next = exchange.more();
                }
            }
            OpCode::Close => return Err("closed early".into()),
            _ => {}
        }
    }
    ws.write_frame(Frame::close(CloseCode::Normal.into(), b""))
        .await?;
    Ok(())
}

fn frame(opcode: OpCode, payload: &[u8]) -> Frame<'_> {
    Frame::new(true, opcode, None, Payload::Borrowed(payload))
}
