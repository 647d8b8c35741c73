//! Reads the work, runs its tasks one after the other and answers each, as `peers/driver.mjs` does.

use crate::exchange::{Exchange, Task};
use crate::measure::Measure;
use crate::served::Library;
use crate::{client_fastwebsockets, client_tungstenite, secure};
use serde::Deserialize;
use serde_json::json;
use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

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
        let measure = Rc::new(RefCell::new(Measure::new(task.clone(), work.server_pid)));
        let local = LocalSet::new();
        let connections: Vec<_> = (0..task.connections.unwrap_or(1))
            .map(|_| {
                let exchange = Exchange::new(task.clone(), measure.clone());
                local.spawn_local(converse(library, work.url.clone(), exchange))
            })
            .collect();
        let outcome: Result<(), String> = local
            .run_until(async {
                for connection in connections {
                    connection.await.map_err(|error| error.to_string())??;
                }
                Ok(())
            })
            .await;
        if let Err(reason) = outcome {
            return fail(&reason);
        }
        if let Err(reason) = answer(&measure.borrow()) {
            return fail(reason);
        }
    }
    ExitCode::SUCCESS
}

async fn converse(library: Library, url: String, mut exchange: Exchange) -> Result<(), String> {
    let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
    let authority = rest.trim_end_matches('/');
    let says = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect(authority).await.map_err(says)?;
    stream.set_nodelay(true).map_err(says)?;
    if scheme == "wss" {
        let stream = secure::connect(stream).await.map_err(says)?;
        converse_over(stream, library, authority, &mut exchange).await
    } else {
        converse_over(stream, library, authority, &mut exchange).await
    }
}

async fn converse_over(
    stream: impl secure::Stream + 'static,
    library: Library,
    authority: &str,
    exchange: &mut Exchange,
) -> Result<(), String> {
    match library {
        Library::Tungstenite => client_tungstenite::run(stream, authority, exchange).await?,
        Library::Fastwebsockets => client_fastwebsockets::run(stream, authority, exchange).await?,
    }
    if exchange.is_done() {
        Ok(())
    } else {
        Err("the connection closed before every reply had arrived".into())
    }
}

fn answer(measure: &Measure) -> Result<(), &'static str> {
    let totals = measure.totals.as_ref().ok_or("nothing was measured")?;
    let times = &measure.times;
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

fn micros(nanos: &[f64]) -> Vec<f64> {
    let as_micros = |time: &f64| (time * 10.0).round() / 1e4;
    nanos.iter().map(as_micros).collect()
}

fn fail(reason: &str) -> ExitCode {
    println!("{}", json!({ "type": "failed", "reason": reason }));
    ExitCode::FAILURE
}
