//! Echo servers and clients on tokio-tungstenite and fastwebsockets, for the benchmark.
//!
//! `serve LIBRARY` prints `listening on ws://…`; `client LIBRARY WORK` answers its tasks in JSON lines.

mod client_fastwebsockets;
mod client_tungstenite;
mod clock;
mod driver;
mod exchange;
mod serve_fastwebsockets;
mod serve_tungstenite;
mod served;

use std::process::ExitCode;

const USAGE: &str = "usage: wirespeed-bench-rust serve|client tokio-tungstenite|fastwebsockets [WORK]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match words[..] {
        ["serve", "tokio-tungstenite"] => runtime.block_on(served::listen(serve_tungstenite::serve)),
        ["serve", "fastwebsockets"] => runtime.block_on(served::listen(serve_fastwebsockets::serve)),
        ["client", library @ ("tokio-tungstenite" | "fastwebsockets"), work] => {
            return runtime.block_on(driver::run(library, work));
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
