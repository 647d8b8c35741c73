//! The clients that are compared. Each has a module, and a line in the table.

mod fastwebsockets;
mod tokio_tungstenite;
mod wtx;

use crate::exchange::Exchange;
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Boxed, so that the memory of a connection does not depend on the other clients in the table.
type Conversation<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;
type Run<S> = for<'a> fn(S, &'a str, &'a mut Exchange) -> Conversation<'a>;

/// A client: a function that drives one connection until it has closed, over TCP and over TLS.
pub struct Client {
    pub name: &'static str,
    pub run: Run<TcpStream>,
    pub run_secure: Run<TlsStream<TcpStream>>,
}

macro_rules! client {
    ($name:literal, $run:path) => {
        Client {
            name: $name,
            run: |stream, authority, exchange| Box::pin($run(stream, authority, exchange)),
            run_secure: |stream, authority, exchange| Box::pin($run(stream, authority, exchange)),
        }
    };
}

pub static CLIENTS: &[Client] = &[
    client!("tokio-tungstenite", tokio_tungstenite::run),
    client!("fastwebsockets", fastwebsockets::run),
    client!("wtx", wtx::run),
];
