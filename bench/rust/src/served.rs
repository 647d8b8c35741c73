//! The part that all servers share: they listen, and the path of a connection says how its messages are answered.

use crate::clock;
use crate::paced::Pace;
use crate::secure;
use crate::servers::Server;
use tokio::net::{TcpListener, TcpStream};

pub const MAX_MESSAGE_SIZE: usize = 64 * 1024 * 1024;

/// Bytes at the start of a stamped reply: when the message was received and when the reply is sent.
const STAMPS: usize = 16;

/// How the messages of a connection are answered, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/`: every message comes back as it is.
    Echo,
    /// `/stamped`: the first 16 bytes come back as two times of the monotonic clock.
    Stamped,
    /// `/flood/SIZE/COUNT`: every message is answered by COUNT messages of SIZE bytes.
    Flood { size: usize, count: usize },
    /// `/take/COUNT`: every COUNT messages are answered by the first eight bytes of the last one.
    Take { count: usize },
    /// See `paced.rs`.
    Paced(Pace),
}

impl Service {
    pub fn of_path(path: &str) -> Service {
        let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let number = |word: &str| {
            word.parse()
                .ok()
                .filter(|number| (1..=MAX_MESSAGE_SIZE).contains(number))
        };
        match words[..] {
            ["stamped"] => Service::Stamped,
            ["flood", size, count] => match (number(size), number(count)) {
                (Some(size), Some(count)) => Service::Flood { size, count },
                _ => Service::Echo,
            },
            ["take", count] => number(count).map_or(Service::Echo, |count| Service::Take { count }),
            ["paced", size, rate, discarded, counted] => {
                let numbers = [size, rate, discarded, counted].map(number);
                let [Some(size), Some(rate), Some(discarded), Some(counted)] = numbers else {
                    return Service::Echo;
                };
                Service::Paced(Pace {
                    size,
                    rate,
                    discarded,
                    counted,
                })
            }
            _ => Service::Echo,
        }
    }
}

/// Writes the stamps. A reply that is too short for them is left as it is.
pub fn stamp(payload: &mut [u8], received: u64) {
    if let Some(place) = payload.get_mut(..STAMPS) {
        place[..8].copy_from_slice(&received.to_le_bytes());
        place[8..].copy_from_slice(&clock::now().to_le_bytes());
    }
}

/// Accepts connections on a free port of the loopback until the process is ended.
pub async fn listen(server: &'static Server, certificate: Option<(&str, &str)>) {
    let acceptor =
        certificate.map(|(file, key)| secure::acceptor(file, key).expect("a certificate"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let scheme = if acceptor.is_some() { "wss" } else { "ws" };
    println!(
        "listening on {scheme}://{}/",
        listener.local_addr().expect("an address")
    );
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            loop {
                let (stream, _): (TcpStream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("TCP_NODELAY");
                let Some(acceptor) = acceptor.clone() else {
                    tokio::task::spawn_local((server.serve)(stream));
                    continue;
                };
                tokio::task::spawn_local(async move {
                    // A client that leaves early is reported by its own process.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        (server.serve_secure)(stream).await;
                    }
                });
            }
        })
        .await;
}
