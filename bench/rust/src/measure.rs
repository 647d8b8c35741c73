//! Decides when the measured part of a cell begins and ends, as `peers/measure.mjs` does.

use crate::clock::{self, Ticks};
use crate::exchange::Task;
use crate::payloads::Payloads;
use serde::Serialize;
use std::rc::Rc;

#[derive(PartialEq, Eq, Clone, Copy)]
enum Phase {
    WarmingUp,
    Measuring,
    Ended,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub r#type: &'static str,
    pub messages: usize,
    pub elapsed: f64,
    pub client_user: i64,
    pub client_system: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_ticks: Option<Ticks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_bytes_per_connection: Option<f64>,
}

impl Default for Totals {
    fn default() -> Totals {
        Totals {
            r#type: "finished",
            messages: 0,
            elapsed: 0.0,
            client_user: 0,
            client_system: 0,
            server_ticks: None,
            bytes_per_connection: None,
            server_bytes_per_connection: None,
        }
    }
}

/// Nanoseconds per message: the round trip, and both of its ways if replies are stamped.
#[derive(Default)]
pub struct Times {
    pub round_trips: Vec<f64>,
    pub sends: Vec<f64>,
    pub receives: Vec<f64>,
}

/// The samples of a cell, over all of its connections.
pub struct Measure {
    task: Task,
    server_pid: u32,
    /// Those of every connection.
    pub payloads: Rc<Payloads>,
    phase: Phase,
    counted: usize,
    /// Connections that are not open yet. The warm-up cannot end before all are open.
    pub unopened: usize,
    /// Connections whose only message has been answered.
    pub idle: usize,
    begun: u64,
    last: u64,
    until_sample: usize,
    cpu_before: (i64, i64),
    ticks_before: Option<Ticks>,
    pub times: Times,
    pub totals: Option<Totals>,
}

impl Measure {
    pub fn new(task: Task, server_pid: u32) -> Measure {
        Measure {
            payloads: Rc::new(Payloads::new(task.content, task.size)),
            phase: Phase::WarmingUp,
            counted: 0,
            unopened: 0,
            idle: 0,
            begun: clock::now(),
            last: 0,
            until_sample: task.per_sample / task.messages_per_reply,
            cpu_before: (0, 0),
            ticks_before: None,
            times: Times::default(),
            totals: None,
            task,
            server_pid,
        }
    }

    /// Counts a connection that has been opened. With the last one the warm-up starts anew.
    pub fn open(&mut self) {
        if self.unopened == 1 {
            self.begun = clock::now();
        }
        self.unopened = self.unopened.saturating_sub(1);
    }

    pub fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Takes a reply and the time at which its message was sent.
    pub fn take(&mut self, now: u64, sent_at: u64, data: &[u8]) {
        match self.phase {
            Phase::WarmingUp => {
                self.counted += self.task.messages_per_reply;
                let warm_up = &self.task.warm_up;
                let elapsed = (now - self.begun) as f64 / 1e6;
                let has_seen_enough =
                    self.counted as u64 >= warm_up.messages || elapsed >= warm_up.limit;
                if self.unopened == 0 && elapsed >= warm_up.time && has_seen_enough {
                    self.start();
                }
            }
            Phase::Measuring => self.record(now, sent_at, data),
            Phase::Ended => {}
        }
    }

    pub fn start(&mut self) {
        self.phase = Phase::Measuring;
        self.ticks_before = clock::process_ticks(self.server_pid);
        self.cpu_before = clock::cpu_times();
        self.begun = clock::now();
        self.last = self.begun;
    }

    fn record(&mut self, now: u64, sent_at: u64, data: &[u8]) {
        let per_sample = self.task.per_sample;
        if per_sample > 1 {
            self.until_sample -= 1;
            if self.until_sample > 0 {
                return;
            }
            self.until_sample = per_sample / self.task.messages_per_reply;
            let elapsed = (now - self.last) as f64;
            self.times.round_trips.push(elapsed / per_sample as f64);
            self.last = now;
        } else {
            self.times.round_trips.push((now - sent_at) as f64);
        }
        if self.task.is_stamped {
            let stamp =
                |at: usize| i64::from_le_bytes(data[at..at + 8].try_into().expect("8 bytes"));
            self.times.sends.push((stamp(0) - sent_at as i64) as f64);
            self.times.receives.push((now as i64 - stamp(8)) as f64);
        }
        let samples = self.times.round_trips.len();
        let measure = &self.task.measure;
        let elapsed = (now - self.begun) as f64 / 1e6;
        let is_long_enough =
            elapsed >= measure.time && (samples >= measure.samples || elapsed >= measure.limit);
        if is_long_enough || samples * per_sample >= measure.messages {
            self.end(now);
        }
    }

    /// Takes the latencies of an open loop, in nanoseconds. The server spins while it waits, so its processor time is left out.
    pub fn end_paced(&mut self, latencies: &[u8]) {
        let nanos =
            |bytes: &[u8]| f64::from(u32::from_le_bytes(bytes.try_into().expect("4 bytes")));
        self.times.round_trips = latencies.chunks_exact(4).map(nanos).collect();
        self.ticks_before = None;
        self.end(clock::now());
    }

    fn end(&mut self, now: u64) {
        self.phase = Phase::Ended;
        let (user, system) = clock::cpu_times();
        let ticks = clock::process_ticks(self.server_pid);
        self.totals = Some(Totals {
            messages: self.times.round_trips.len() * self.task.per_sample,
            elapsed: (now - self.begun) as f64 / 1e3,
            client_user: user - self.cpu_before.0,
            client_system: system - self.cpu_before.1,
            server_ticks: ticks
                .zip(self.ticks_before)
                .map(|(after, before)| after - before),
            ..Totals::default()
        });
    }
}
