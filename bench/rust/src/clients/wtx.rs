//! The client on wtx, as its documentation shows it: one task reads and writes, and a payload is masked where it lies.

use crate::exchange::Exchange;
use crate::secure::Stream;
use crate::served::MAX_MESSAGE_SIZE;
use crate::wtx_stream::WtxStream;
use wtx::collection::Vector;
use wtx::misc::UriRef;
use wtx::rng::{ChaCha20, CryptoSeedableRng};
use wtx::web_socket::{
    CloseCode, Frame, OpCode, WebSocket, WebSocketBuffer, WebSocketConnector,
    WebSocketPayloadOrigin, fill_buffer_with_close_code,
};

const CLOSE_CODE_BYTES: usize = 2;

pub async fn run(
    stream: impl Stream,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), String> {
    converse(WtxStream(stream), authority, exchange)
        .await
        .map_err(|error| error.to_string())?
}

async fn converse(
    mut stream: WtxStream<impl Stream>,
    authority: &str,
    exchange: &mut Exchange,
) -> wtx::Result<Result<(), String>> {
    let url = format!("ws://{authority}{}", exchange.path());
    let mut buffer = WebSocketBuffer::new();
    WebSocketConnector::default()
        .no_masking(false)
        .wsb(&mut buffer)
        .connect(&mut stream, &UriRef::new(&url))
        .await?;
    // The connector can have no other generator than an Xorshift, whose keys can be predicted from earlier ones. The RFC
    // wants keys that nobody can predict, so the open connection gets a generator for cryptography.
    let rng = ChaCha20::from_getrandom()?;
    let mut ws = WebSocket::<_, _, _, _, true>::new((), false, rng, stream, buffer);
    // A payload must be shorter than this.
    ws.set_max_payload_len(MAX_MESSAGE_SIZE + 1);
    let opcode = if exchange.is_text() {
        OpCode::Text
    } else {
        OpCode::Binary
    };
    let mut fragments = Vector::new();
    let mut message = Vec::new();
    for _ in 0..exchange.window() {
        ws.write_frame(&mut frame(opcode, &exchange.next(), &mut message))
            .await?;
    }
    while !exchange.is_done() {
        let reply = ws
            .read_frame(&mut fragments, WebSocketPayloadOrigin::Adaptive)
            .await?;
        match reply.op_code() {
            OpCode::Binary | OpCode::Text => {
                let mut next = match exchange.reply(reply.payload()) {
                    Ok(next) => next,
                    Err(reason) => return Ok(Err(reason)),
                };
                while let Some(payload) = next {
                    ws.write_frame(&mut frame(opcode, &payload, &mut message))
                        .await?;
                    next = exchange.more();
                }
            }
            OpCode::Close => return Ok(Err("closed early".into())),
            _ => {}
        }
    }
    let mut close = [0; CLOSE_CODE_BYTES];
    fill_buffer_with_close_code(&mut close, CloseCode::Normal);
    ws.write_frame(&mut Frame::new_fin(OpCode::Close, &mut close[..]))
        .await?;
    Ok(Ok(()))
}

/// Makes a frame of a copy of the payload, since it is masked in place.
fn frame<'a>(
    opcode: OpCode,
    payload: &[u8],
    message: &'a mut Vec<u8>,
) -> Frame<&'a mut [u8], true> {
    message.clear();
    message.extend_from_slice(payload);
    Frame::new_fin(opcode, message)
}
