//! What every client does with its messages: the twin of `peers/exchange.mjs`, which says why.

use crate::clock::{self, Ticks};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// As in `peers/payloads.mjs`.
const MOST_DISTINCT: usize = 128;
const BYTES_OF_ALL: usize = 1024 * 1024;
/// Messages in flight whose time of sending is remembered: more than any window.
const REMEMBERED: usize = 128;
/// Bytes of a stamped reply that are the server's times instead of what was sent.
const STAMPS: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub size: usize,
    pub window: usize,
    pub per_sample: usize,
    pub is_stamped: bool,
    pub warm_up: WarmUp,
    pub measure: Measure,
}

#[derive(Deserialize)]
pub struct WarmUp {
    pub time: f64,
    pub messages: u64,
}

#[derive(Deserialize)]
pub struct Measure {
    pub time: f64,
    pub samples: usize,
    pub messages: usize,
}

/// The payloads that go out in turn, as `makePayloads` of `peers/exchange.mjs` builds them.
pub struct Payloads(Vec<Bytes>);

impl Payloads {
    pub fn new(size: usize) -> Payloads {
        let count = (BYTES_OF_ALL / size).clamp(2, MOST_DISTINCT);
        let words = count + size.div_ceil(8);
        let mut pattern = BytesMut::with_capacity(words * 8);
        for word in 0..words as u32 {
            pattern.put_u32_le(word);
            pattern.put_u32_le((word + 1).wrapping_mul(0x9e37_79b1));
        }
        Payloads(
            (0..count)
                .map(|i| Bytes::copy_from_slice(&pattern[i * 8..i * 8 + size]))
                .collect(),
        )
    }

    pub fn get(&self, index: usize) -> &Bytes {
        &self.0[index % self.0.len()]
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Phase {
    WarmingUp,
    Measuring,
    Ended,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    r#type: &'static str,
    messages: usize,
    elapsed: f64,
    client_user: i64,
    client_system: i64,
    server_ticks: Option<Ticks>,
}

/// Nanoseconds per message: the round trip, and its two ways where replies are stamped.
#[derive(Default)]
pub struct Times {
    pub round_trips: Vec<u64>,
    pub sends: Vec<i64>,
    pub receives: Vec<i64>,
}

pub struct Exchange {
    task: Task,
    server_pid: u32,
    payloads: Payloads,
    phase: Phase,
    sent: usize,
    received: usize,
    sent_at: [u64; REMEMBERED],
    begun: u64,
    last: u64,
    until_sample: usize,
    cpu_before: (i64, i64),
    ticks_before: Option<Ticks>,
    pub times: Times,
    pub totals: Option<Totals>,
}

impl Exchange {
    pub fn new(task: Task, server_pid: u32) -> Exchange {
        Exchange {
            payloads: Payloads::new(task.size),
            phase: Phase::WarmingUp,
            sent: 0,
            received: 0,
            sent_at: [0; REMEMBERED],
            begun: clock::now(),
            last: 0,
            until_sample: task.per_sample,
            cpu_before: (0, 0),
            ticks_before: None,
            times: Times::default(),
            totals: None,
            task,
            server_pid,
        }
    }

    pub fn path(&self) -> &'static str {
        if self.task.is_stamped {
            "/stamped"
        } else {
            "/"
        }
    }

    pub fn window(&self) -> usize {
        self.task.window
    }

    pub fn is_done(&self) -> bool {
        self.phase == Phase::Ended && self.received == self.sent
    }

    /// The next payload to send, while the window is being filled.
    pub fn next(&mut self) -> Bytes {
        self.sent_at[self.sent % REMEMBERED] = clock::now();
        self.sent += 1;
        self.payloads.get(self.sent - 1).clone()
    }

    /// Takes a reply, compares every byte of it, and says what to send for it.
    pub fn reply(&mut self, data: &[u8]) -> Result<Option<Bytes>, String> {
        let expected = self.payloads.get(self.received);
        let skipped = if self.task.is_stamped { STAMPS } else { 0 };
        if data.len() != expected.len() || data[skipped..] != expected[skipped..] {
            return Err(format!("reply {} is not what was sent", self.received));
        }
        if self.received == self.sent {
            return Err("more replies than messages".into());
        }
        let now = clock::now();
        let sent_at = self.sent_at[self.received % REMEMBERED];
        self.received += 1;
        match self.phase {
            Phase::WarmingUp => {
                let is_warm = (now - self.begun) as f64 >= self.task.warm_up.time * 1e6;
                if is_warm && self.received as u64 >= self.task.warm_up.messages {
                    self.start_measuring();
                }
            }
            Phase::Measuring => self.record(now, sent_at, data),
            Phase::Ended => {}
        }
        Ok((self.phase != Phase::Ended).then(|| self.next()))
    }

    fn start_measuring(&mut self) {
        self.phase = Phase::Measuring;
        self.ticks_before = clock::process_ticks(self.server_pid);
        self.cpu_before = clock::cpu_times();
        self.begun = clock::now();
        self.last = self.begun;
    }

    fn record(&mut self, now: u64, sent_at: u64, data: &[u8]) {
        if self.task.per_sample > 1 {
            self.until_sample -= 1;
            if self.until_sample > 0 {
                return;
            }
            self.until_sample = self.task.per_sample;
            self.times
                .round_trips
                .push((now - self.last) / self.task.per_sample as u64);
            self.last = now;
        } else {
            self.times.round_trips.push(now - sent_at);
        }
        if self.task.is_stamped {
            let stamp =
                |at: usize| i64::from_le_bytes(data[at..at + 8].try_into().expect("8 bytes"));
            self.times.sends.push(stamp(0) - sent_at as i64);
            self.times.receives.push(now as i64 - stamp(8));
        }
        let samples = self.times.round_trips.len();
        let measure = &self.task.measure;
        let is_long_enough =
            (now - self.begun) as f64 >= measure.time * 1e6 && samples >= measure.samples;
        if is_long_enough || samples >= measure.messages {
            self.end(now);
        }
    }

    fn end(&mut self, now: u64) {
        self.phase = Phase::Ended;
        let (user, system) = clock::cpu_times();
        let ticks = clock::process_ticks(self.server_pid);
        self.totals = Some(Totals {
            r#type: "finished",
            messages: self.times.round_trips.len() * self.task.per_sample,
            elapsed: (now - self.begun) as f64 / 1e3,
            client_user: user - self.cpu_before.0,
            client_system: system - self.cpu_before.1,
            server_ticks: ticks
                .zip(self.ticks_before)
                .map(|(after, before)| after - before),
        });
    }
}
