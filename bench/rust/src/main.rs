//! Echo servers and clients on the WebSocket libraries of Rust, for the benchmark.
//!
//! `serve SERVER` prints `listening on ws://…`, or with a certificate and its key `wss:`; `client CLIENT WORK`
//! answers its tasks in JSON lines.

mod clients;
mod clock;
mod connections;
mod driver;
mod exchange;
mod measure;
mod paced;
mod payloads;
mod secure;
mod served;
mod servers;
mod wtx_stream;

use clients::CLIENTS;
use servers::SERVERS;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match words[..] {
        ["serve", name, ref secure @ ..] => {
            let certificate = match secure {
                [] => None,
                [certificate, key] => Some((*certificate, *key)),
                _ => return misused(),
            };
            let Some(server) = SERVERS.iter().find(|server| server.name == name) else {
                return misused();
            };
            runtime.block_on(served::listen(server, certificate));
            ExitCode::SUCCESS
        }
        ["client", name, work] => {
            let Some(client) = CLIENTS.iter().find(|client| client.name == name) else {
                return misused();
            };
            runtime.block_on(driver::run(client, work))
        }
        _ => misused(),
    }
}

fn misused() -> ExitCode {
    let servers: Vec<&str> = SERVERS.iter().map(|server| server.name).collect();
    let clients: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
    eprintln!(
        "usage: wirespeed-bench-rust serve SERVER [CERTIFICATE KEY] | client CLIENT WORK; \
         SERVER is one of {}; CLIENT is one of {}",
        servers.join(", "),
        clients.join(", ")
    );
    ExitCode::from(2)
}
