//! Says which payload is sent next, and checks every reply, as `peers/exchange.mjs` does. That file says why.

use crate::clock;
use crate::measure::Measure;
use crate::payloads::{Content, Payloads};
use bytes::Bytes;
use serde::Deserialize;
use std::cell::RefCell;
use std::num::NonZero;
use std::rc::Rc;

/// Bytes at the start of a stamped reply that are the server's times, not those of the message.
const STAMPS: usize = 16;
/// Bytes of a message that requests a flood.
const REQUEST: usize = 8;

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Opens, exchanges one message and closes, again and again.
    Connect,
    /// Exchanges one message and stays open.
    Idle,
    /// Sends back what the server sends at its own pace.
    Paced,
    #[serde(other)]
    Exchange,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub mode: Mode,
    pub size: usize,
    pub content: Content,
    pub window: usize,
    pub replies_per_message: usize,
    pub messages_per_reply: usize,
    pub per_sample: usize,
    pub connections: Option<usize>,
    pub rate: Option<usize>,
    pub discarded: Option<usize>,
    pub counted: Option<usize>,
    pub is_stamped: bool,
    pub warm_up: WarmUp,
    pub measure: Bounds,
}

#[derive(Clone, Deserialize)]
pub struct WarmUp {
    pub time: f64,
    pub messages: u64,
    pub limit: f64,
}

#[derive(Clone, Deserialize)]
pub struct Bounds {
    pub time: f64,
    pub samples: usize,
    pub limit: f64,
    pub messages: usize,
}

/// One connection's conversation with the server.
pub struct Exchange {
    task: Task,
    measure: Rc<RefCell<Measure>>,
    payloads: Rc<Payloads>,
    expected: Rc<Payloads>,
    sent: usize,
    received: usize,
    until_due: usize,
    due: usize,
    /// Empty if a sample has more than one message.
    sent_at: Vec<u64>,
}

impl Exchange {
    pub fn new(task: Task, measure: Rc<RefCell<Measure>>) -> Exchange {
        let remembered = if task.per_sample == 1 { task.window } else { 0 };
        let all = measure.borrow().payloads.clone();
        Exchange {
            payloads: match task.replies_per_message {
                1 => all.clone(),
                _ => Rc::new(Payloads::new(Content::Binary, REQUEST)),
            },
            expected: match task.messages_per_reply {
                1 => all,
                count => Rc::new(all.acknowledgements(count)),
            },
            sent: 0,
            received: 0,
            until_due: task.replies_per_message,
            due: 0,
            sent_at: vec![0; remembered],
            task,
            measure,
        }
    }

    pub fn path(&self) -> String {
        let task = &self.task;
        if let (Some(rate), Some(discarded), Some(counted)) =
            (task.rate, task.discarded, task.counted)
        {
            return format!("/paced/{}/{rate}/{discarded}/{counted}", task.size);
        }
        if task.replies_per_message > 1 {
            return format!("/flood/{}/{}", task.size, task.replies_per_message);
        }
        if task.messages_per_reply > 1 {
            return format!("/take/{}", task.messages_per_reply);
        }
        if task.is_stamped { "/stamped" } else { "/" }.to_owned()
    }

    pub fn window(&self) -> usize {
        self.task.window
    }

    pub fn is_text(&self) -> bool {
        self.task.content != Content::Binary
    }

    pub fn is_done(&self) -> bool {
        match self.task.mode {
            Mode::Connect => return self.received == 1,
            Mode::Idle => return false,
            Mode::Paced => return self.measure.borrow().has_ended(),
            Mode::Exchange => {}
        }
        self.measure.borrow().has_ended() && self.owed() == 0 && self.due == 0
    }

    /// Messages that have not been answered yet, times the replies that each of them gets.
    fn owed(&self) -> usize {
        let asked = self.sent * self.task.replies_per_message;
        asked.saturating_sub(self.received * self.task.messages_per_reply)
    }

    /// The next payload to send, while the window is being filled. That of a text is UTF-8.
    pub fn next(&mut self) -> Bytes {
        if self.sent == 0 {
            self.measure.borrow_mut().open();
        }
        if let Some(count) = NonZero::new(self.sent_at.len()) {
            self.sent_at[self.sent % count] = clock::now();
        }
        self.sent += 1;
        self.payloads.get(self.sent - 1).clone()
    }

    /// Takes a reply and compares every byte of it. Returns the message to send for it.
    pub fn reply(&mut self, data: &[u8]) -> Result<Option<Bytes>, String> {
        if self.task.mode == Mode::Paced {
            return Ok(self.echo(data));
        }
        let expected = self.expected.get(self.received);
        let skipped = if self.task.is_stamped { STAMPS } else { 0 };
        if data.len() != expected.len() || data[skipped..] != expected[skipped..] {
            return Err(format!("reply {} is not what was expected", self.received));
        }
        if self.owed() == 0 {
            return Err("more replies than messages".into());
        }
        let now = clock::now();
        let sent_at = match NonZero::new(self.sent_at.len()) {
            Some(count) => self.sent_at[self.received % count],
            None => 0,
        };
        self.received += 1;
        match self.task.mode {
            Mode::Connect => return Ok(None),
            Mode::Idle => {
                self.measure.borrow_mut().idle += 1;
                return Ok(None);
            }
            Mode::Paced | Mode::Exchange => {}
        }
        self.measure.borrow_mut().take(now, sent_at, data);
        self.until_due -= 1;
        if self.until_due > 0 {
            return Ok(None);
        }
        self.until_due = self.task.replies_per_message;
        if self.measure.borrow().has_ended() {
            return Ok(None);
        }
        self.due += self.task.messages_per_reply - 1;
        Ok(Some(self.next()))
    }

    /// Returns a paced message, to be sent back. The last message has another size: it contains the latencies.
    fn echo(&mut self, data: &[u8]) -> Option<Bytes> {
        let mut measure = self.measure.borrow_mut();
        if data.len() != self.task.size {
            measure.end_paced(data);
            return None;
        }
        self.received += 1;
        if Some(self.received) == self.task.discarded {
            measure.start();
        }
        Some(Bytes::copy_from_slice(data))
    }

    /// Returns another message to send for the last reply.
    pub fn more(&mut self) -> Option<Bytes> {
        self.due = self.due.checked_sub(1)?;
        Some(self.next())
    }
}
