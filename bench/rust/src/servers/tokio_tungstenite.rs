//! The server on tokio-tungstenite. It sends the replies to all messages that have arrived together.

use crate::clock;
use crate::paced;
use crate::payloads::{Content, Payloads};
use crate::secure::Stream;
use crate::served::{MAX_MESSAGE_SIZE, Service, stamp};
use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream as _};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

pub async fn serve(stream: impl Stream) {
    let mut service = Service::Echo;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_SIZE))
        .max_frame_size(Some(MAX_MESSAGE_SIZE));
    let read_path = |request: &Request, response: Response| {
        service = Service::of_path(request.uri().path());
        Ok(response)
    };
    // A client that leaves early is reported by its own process.
    let Ok(mut ws) = accept_hdr_async_with_config(stream, read_path, Some(config)).await else {
        return;
    };
    if let Service::Paced(pace) = service {
        let _ = paced::serve(&mut ws, pace).await;
        return;
    }
    let mut answerer = Answerer::new(service);
    let _ = poll_fn(|context| poll_serve(&mut ws, context, &mut answerer)).await;
}

/// Reads as long as there is something to read, then writes. It goes on reading while a write waits, so that a
/// client may send its whole window before it reads.
fn poll_serve(
    ws: &mut WebSocketStream<impl Stream>,
    context: &mut Context<'_>,
    answerer: &mut Answerer,
) -> Poll<Result<(), Error>> {
    let mut ws = Pin::new(ws);
    loop {
        match ws.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(message))) if message.is_binary() || message.is_text() => {
                for reply in answerer.answer(message) {
                    // If it is not ready, earlier replies are waiting. The buffer has no limit, so this one can be added.
                    if let Poll::Ready(Err(error)) = ws.as_mut().poll_ready(context) {
                        return Poll::Ready(Err(error));
                    }
                    ws.as_mut().start_send(reply)?;
                }
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

/// Makes the answers to the messages of a connection.
struct Answerer {
    service: Service,
    /// The payloads of a flood; empty otherwise.
    payloads: Option<Payloads>,
    /// Messages received, or sent in a flood.
    counted: usize,
}

impl Answerer {
    fn new(service: Service) -> Answerer {
        let payloads = match service {
            Service::Flood { size, .. } => Some(Payloads::new(Content::Binary, size)),
            _ => None,
        };
        Answerer {
            service,
            payloads,
            counted: 0,
        }
    }

    fn answer(&mut self, message: Message) -> impl Iterator<Item = Message> + '_ {
        let mut single = None;
        let mut flood = 0..0;
        match self.service {
            Service::Echo | Service::Paced(_) => single = Some(message),
            Service::Stamped => single = Some(stamped(message)),
            Service::Flood { count, .. } => {
                flood = self.counted..self.counted + count;
                self.counted += count;
            }
            Service::Take { count } => {
                self.counted += 1;
                if self.counted % count == 0 {
                    single = Some(Message::Binary(acknowledgement(&message)));
                }
            }
        }
        let payloads = self.payloads.as_ref();
        let flooded = flood.filter_map(move |index| payloads.map(|all| all.get(index).clone()));
        single.into_iter().chain(flooded.map(Message::Binary))
    }
}

fn acknowledgement(message: &Message) -> Bytes {
    match message {
        Message::Binary(payload) => payload.slice(..payload.len().min(8)),
        _ => Bytes::new(),
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
