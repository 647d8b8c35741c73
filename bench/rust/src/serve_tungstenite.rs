//! The server on tokio-tungstenite: replies to all that has arrived leave together.

use crate::clock;
use crate::exchange::Payloads;
use crate::served::{LARGEST_MESSAGE, Service, stamp};
use bytes::BytesMut;
use futures_util::{Sink, SinkExt, Stream};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

pub async fn serve(stream: TcpStream) {
    let mut service = Service::Echo;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let read_path = |request: &Request, response: Response| {
        service = Service::of_path(request.uri().path());
        Ok(response)
    };
    // A client that leaves early is reported by its own process.
    let Ok(mut ws) = accept_hdr_async_with_config(stream, read_path, Some(config)).await else {
        return;
    };
    let _ = match service {
        Service::Push(size) => push(&mut ws, size).await,
        _ => poll_fn(|context| poll_echo(&mut ws, context, service == Service::Stamped)).await,
    };
}

/// Reads as long as something is there, then writes; goes on reading while a write waits, so that a
/// client may send its whole window before it reads.
fn poll_echo(
    ws: &mut WebSocketStream<TcpStream>,
    context: &mut Context<'_>,
    is_stamped: bool,
) -> Poll<Result<(), Error>> {
    let mut ws = Pin::new(ws);
    loop {
        match ws.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(message))) if message.is_binary() || message.is_text() => {
                let reply = if is_stamped { stamped(message) } else { message };
                // Not being ready only means that earlier replies wait: the buffer has no limit.
                if let Poll::Ready(Err(error)) = ws.as_mut().poll_ready(context) {
                    return Poll::Ready(Err(error));
                }
                ws.as_mut().start_send(reply)?;
            }
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending => {
                return match ws.as_mut().poll_flush(context) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Pending,
                };
            }
        }
    }
}

fn stamped(message: Message) -> Message {
    let received = clock::now();
    match message {
        Message::Binary(payload) => {
            let mut payload = BytesMut::from(payload);
            stamp(&mut payload, received);
            Message::Binary(payload.freeze())
        }
        other => other,
    }
}

async fn push(ws: &mut WebSocketStream<TcpStream>, size: usize) -> Result<(), Error> {
    let payloads = Payloads::new(size);
    for index in 0.. {
        ws.feed(Message::Binary(payloads.get(index).clone())).await?;
    }
    Ok(())
}
