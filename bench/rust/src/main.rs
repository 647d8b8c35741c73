//! Echo servers and clients on tokio-tungstenite and fastwebsockets, for the benchmark.
//!
//! `serve LIBRARY` prints `listening on ws://…`, or with a certificate and its key `wss:`; `client LIBRARY WORK`
//! answers its tasks in JSON lines.

mod client_fastwebsockets;
mod client_tungstenite;
mod clock;
mod connections;
mod driver;
mod exchange;
mod measure;
mod paced;
mod payloads;
mod secure;
mod serve_fastwebsockets;
mod serve_tungstenite;
mod served;

use served::Library;
use std::process::ExitCode;

const USAGE: &str = "usage: wirespeed-bench-rust serve LIBRARY [CERTIFICATE KEY] | client LIBRARY WORK; \
    LIBRARY is tokio-tungstenite or fastwebsockets";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let ["serve" | "client", name, rest @ ..] = &words[..] else {
        return misused();
    };
    let library = match *name {
        "tokio-tungstenite" => Library::Tungstenite,
        "fastwebsockets" => Library::Fastwebsockets,
        _ => return misused(),
    };
    match (words[0], rest) {
        ("serve", []) => runtime.block_on(served::listen(library, None)),
        ("serve", [certificate, key]) => {
            runtime.block_on(served::listen(library, Some((certificate, key))));
        }
        ("client", [work]) => return runtime.block_on(driver::run(library, work)),
        _ => return misused(),
    }
    ExitCode::SUCCESS
}

fn misused() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
