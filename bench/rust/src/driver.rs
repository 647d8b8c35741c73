//! Reads the work, runs its tasks one after the other and answers each, as `peers/driver.mjs` does.

use crate::exchange::{Exchange, Task};
use crate::served::Library;
use crate::{client_fastwebsockets, client_tungstenite, secure};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;
use tokio::net::TcpStream;

const SAMPLES_PER_LINE: usize = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Work {
    url: String,
    server_pid: u32,
    tasks: Vec<Task>,
}

pub async fn run(library: Library, work: &str) -> ExitCode {
    let work: Work = match serde_json::from_str(work) {
        Ok(work) => work,
        Err(error) => return fail(&format!("the work cannot be read: {error}")),
    };
    for task in work.tasks {
        let mut exchange = Exchange::new(task, work.server_pid);
        let outcome = converse(library, &work.url, &mut exchange).await;
        if let Err(reason) = outcome {
            return fail(&reason);
        }
        if let Err(reason) = answer(&exchange) {
            return fail(reason);
        }
    }
    ExitCode::SUCCESS
}

async fn converse(library: Library, url: &str, exchange: &mut Exchange) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
    let authority = rest.trim_end_matches('/');
    let says = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect(authority).await.map_err(says)?;
    stream.set_nodelay(true).map_err(says)?;
    if scheme == "wss" {
        let stream = secure::connect(stream).await.map_err(says)?;
        converse_over(stream, library, authority, exchange).await
    } else {
        converse_over(stream, library, authority, exchange).await
    }
}

async fn converse_over(
    stream: impl secure::Stream + 'static,
    library: Library,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), String> {
    match library {
        Library::Tungstenite => client_tungstenite::run(stream, authority, exchange).await,
        Library::Fastwebsockets => client_fastwebsockets::run(stream, authority, exchange).await,
    }
}

fn answer(exchange: &Exchange) -> Result<(), &'static str> {
    let Some(totals) = exchange.totals.as_ref().filter(|_| exchange.is_done()) else {
        return Err("the connection closed before every reply had arrived");
    };
    let times = &exchange.times;
    for start in (0..times.round_trips.len()).step_by(SAMPLES_PER_LINE) {
        let end = (start + SAMPLES_PER_LINE).min(times.round_trips.len());
        let mut line =
            json!({ "type": "samples", "times": micros(&times.round_trips[start..end]) });
        if !times.sends.is_empty() {
            line["sends"] = json!(micros(&times.sends[start..end]));
            line["receives"] = json!(micros(&times.receives[start..end]));
        }
        println!("{line}");
    }
    println!("{}", serde_json::to_string(totals).expect("plain numbers"));
    Ok(())
}

fn micros<T: Copy + TryInto<i64>>(nanos: &[T]) -> Vec<f64> {
    let as_micros = |&time: &T| time.try_into().map_or(0.0, |time: i64| time as f64 / 1e3);
    nanos.iter().map(as_micros).collect()
}

fn fail(reason: &str) -> ExitCode {
    println!("{}", json!({ "type": "failed", "reason": reason }));
    ExitCode::FAILURE
}
