//! What both servers do: listen, and read from the path what a connection is to do.

use crate::clock;
use std::future::Future;
use tokio::net::{TcpListener, TcpStream};

pub const LARGEST_MESSAGE: usize = 64 * 1024 * 1024;

/// Bytes at the start of a stamped reply: when the message was received and when the reply is sent.
const STAMPS: usize = 16;

/// What a connection is served with, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/`: every message comes back as it is.
    Echo,
    /// `/stamped`: the first 16 bytes come back as two times of the monotonic clock.
    Stamped,
    /// `/push/SIZE`: messages of that size are sent as fast as they are taken.
    Push(usize),
}

impl Service {
    pub fn of_path(path: &str) -> Service {
        match path.strip_prefix("/push/").map(str::parse) {
            Some(Ok(size)) if size <= LARGEST_MESSAGE => Service::Push(size),
            _ if path == "/stamped" => Service::Stamped,
            _ => Service::Echo,
        }
    }
}

/// Writes the stamps; a reply too short for them is left as it is.
pub fn stamp(payload: &mut [u8], received: u64) {
    if let Some(place) = payload.get_mut(..STAMPS) {
        place[..8].copy_from_slice(&received.to_le_bytes());
        place[8..].copy_from_slice(&clock::now().to_le_bytes());
    }
}

/// Accepts connections on a free port of the loopback until the process is ended.
pub async fn listen<S, F>(serve: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("listening on ws://{}/", listener.local_addr().expect("an address"));
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("TCP_NODELAY");
                tokio::task::spawn_local(serve(stream));
            }
        })
        .await;
}
