//! The servers that are compared. Each has a module, and a line in the table.

mod fastwebsockets;
mod tokio_tungstenite;
mod wtx;

use std::pin::Pin;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Boxed, so that the memory of a connection does not depend on the other servers in the table.
type Service = Pin<Box<dyn Future<Output = ()>>>;

/// A server: a function that serves one connection until it has closed, over TCP and over TLS.
pub struct Server {
    pub name: &'static str,
    pub serve: fn(TcpStream) -> Service,
    pub serve_secure: fn(TlsStream<TcpStream>) -> Service,
}

macro_rules! server {
    ($name:literal, $serve:path) => {
        Server {
            name: $name,
            serve: |stream| Box::pin($serve(stream)),
            serve_secure: |stream| Box::pin($serve(stream)),
        }
    };
}

pub static SERVERS: &[Server] = &[
    server!("tokio-tungstenite", tokio_tungstenite::serve),
    server!("fastwebsockets", fastwebsockets::serve),
    server!("wtx", wtx::serve),
];
