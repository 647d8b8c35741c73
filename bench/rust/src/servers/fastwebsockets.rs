//! The server on fastwebsockets, as its documentation shows it. It only echoes.

use crate::clock;
use crate::secure::Stream;
use crate::served::{MAX_MESSAGE_SIZE, Service, stamp};
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError, upgrade};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

pub async fn serve(stream: impl Stream + 'static) {
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(accept))
        .with_upgrades();
    // A client that leaves early is reported by its own process.
    let _ = connection.await;
}

async fn accept(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let service = Service::of_path(request.uri().path());
    let (response, upgraded) = upgrade::upgrade(&mut request)?;
    tokio::task::spawn_local(tokio::task::unconstrained(async move {
        let _ = converse(upgraded, service).await;
    }));
    Ok(response)
}

async fn converse(upgraded: upgrade::UpgradeFut, service: Service) -> Result<(), WebSocketError> {
    let mut ws = upgraded.await?;
    ws.set_max_message_size(MAX_MESSAGE_SIZE);
    let mut ws = FragmentCollector::new(ws);
    loop {
        let mut frame = ws.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {
                if service == Service::Stamped && frame.opcode == OpCode::Binary {
                    let received = clock::now();
                    stamp(frame.payload.to_mut(), received);
                }
                ws.write_frame(frame).await?;
            }
            _ => {}
        }
    }
}
