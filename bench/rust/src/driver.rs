//! Reads the work, runs its tasks one after the other and answers each, as `peers/driver.mjs` does.

use crate::exchange::{Exchange, Task};
use crate::{client_fastwebsockets, client_tungstenite};
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;

const SAMPLES_PER_LINE: usize = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Work {
    url: String,
    server_pid: u32,
    tasks: Vec<Task>,
}

pub async fn run(library: &str, work: &str) -> ExitCode {
    let work: Work = match serde_json::from_str(work) {
        Ok(work) => work,
        Err(error) => return fail(&format!("the work cannot be read: {error}")),
    };
    for task in work.tasks {
        let mut exchange = Exchange::new(task, work.server_pid);
        let authority = work.url.trim_start_matches("ws://").trim_end_matches('/');
        let outcome = match library {
            "fastwebsockets" => client_fastwebsockets::run(authority, &mut exchange).await,
            _ => client_tungstenite::run(authority, &mut exchange).await,
        };
        if let Err(reason) = outcome {
            return fail(&reason);
        }
        if let Err(reason) = answer(&exchange) {
            return fail(reason);
        }
    }
    ExitCode::SUCCESS
}

fn answer(exchange: &Exchange) -> Result<(), &'static str> {
    let Some(totals) = exchange.totals.as_ref().filter(|_| exchange.is_done()) else {
        return Err("the connection closed before every reply had arrived");
    };
    let times = &exchange.times;
    for start in (0..times.round_trips.len()).step_by(SAMPLES_PER_LINE) {
        let end = (start + SAMPLES_PER_LINE).min(times.round_trips.len());
        let mut line = json!({ "type": "samples", "times": micros(&times.round_trips[start..end]) });
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
