//! The server on wtx, as its documentation shows it: an echo is written from where its message was read.

use crate::clock;
use crate::payloads::{Content, Payloads};
use crate::secure::Stream;
use crate::served::{MAX_MESSAGE_SIZE, Service, stamp};
use crate::wtx_stream::WtxStream;
use httparse::Request;
use wtx::collection::Vector;
use wtx::web_socket::{Frame, OpCode, WebSocketAcceptor, WebSocketPayloadOrigin};

/// Bytes of a message that come back as its acknowledgement.
const ACKNOWLEDGEMENT: usize = 8;
/// The payload of a close frame with code 1008.
const NO_OPEN_LOOP: &[u8] = b"\x03\xf0the server on wtx sends nothing at a pace of its own";

pub async fn serve(stream: impl Stream) {
    // A client that leaves early is reported by its own process.
    let _ = converse(stream).await;
}

async fn converse(stream: impl Stream) -> wtx::Result<()> {
    let mut service = Service::Echo;
    let read_path = |request: &Request<'_, '_>| {
        service = Service::of_path(request.path.unwrap_or("/"));
        wtx::Result::Ok(())
    };
    let mut ws = WebSocketAcceptor::default()
        .no_masking(false)
        .req(read_path)
        .accept(WtxStream(stream))
        .await?;
    // A payload must be shorter than this.
    ws.set_max_payload_len(MAX_MESSAGE_SIZE + 1);
    // The payloads of a flood.
    let mut payloads = None;
    // Messages received, or sent in a flood.
    let mut counted = 0;
    let mut message = Vec::new();
    let mut fragments = Vector::new();
    let (mut common, mut reader, mut writer) = ws.split_mut();
    loop {
        let mut frame = reader
            .read_frame(
                &mut fragments,
                &mut common,
                WebSocketPayloadOrigin::Adaptive,
            )
            .await?;
        match frame.op_code() {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {}
            _ => continue,
        }
        match service {
            Service::Echo => writer.write_frame(&mut common, &mut frame).await?,
            Service::Stamped => {
                if frame.op_code() == OpCode::Binary {
                    let received = clock::now();
                    stamp(frame.payload_mut(), received);
                }
                writer.write_frame(&mut common, &mut frame).await?;
            }
            Service::Flood { size, count } => {
                let payloads = payloads.get_or_insert_with(|| Payloads::new(Content::Binary, size));
                for index in counted..counted + count {
                    message.clear();
                    message.extend_from_slice(payloads.get(index));
                    let mut flooded = Frame::new_fin(OpCode::Binary, &mut message[..]);
                    writer.write_frame(&mut common, &mut flooded).await?;
                }
                counted += count;
            }
            Service::Take { count } => {
                counted += 1;
                if counted % count == 0 {
                    let payload = frame.payload_mut();
                    let length = payload.len().min(ACKNOWLEDGEMENT);
                    let mut first_bytes = Frame::new_fin(OpCode::Binary, &mut payload[..length]);
                    writer.write_frame(&mut common, &mut first_bytes).await?;
                }
            }
            Service::Paced(_) => {
                let mut reason = NO_OPEN_LOOP.to_vec();
                let mut close = Frame::new_fin(OpCode::Close, &mut reason[..]);
                return writer.write_frame(&mut common, &mut close).await;
            }
        }
    }
}
