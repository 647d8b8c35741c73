//! Reads the work, performs its tasks one after the other and answers each, as `peers/driver.mjs` does.

use crate::clients::Client;
use crate::connections::{self, Work};
use crate::exchange::Task;
use crate::measure::Measure;
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;

const SAMPLES_PER_LINE: usize = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tasks {
    url: String,
    server_pid: u32,
    tasks: Vec<Task>,
}

pub async fn run(client: &'static Client, work: &str) -> ExitCode {
    let Tasks {
        url,
        server_pid,
        tasks,
    } = match serde_json::from_str(work) {
        Ok(work) => work,
        Err(error) => return fail(&format!("the work cannot be read: {error}")),
    };
    for task in tasks {
        let url = url.clone();
        let work = Work {
            client,
            url,
            server_pid,
            task,
        };
        let answered = connections::perform(work).await;
        if let Err(reason) = answered.and_then(|measure| answer(&measure)) {
            return fail(&reason);
        }
    }
    ExitCode::SUCCESS
}

fn answer(measure: &Measure) -> Result<(), String> {
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
