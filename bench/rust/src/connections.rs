//! Performs tasks with connections, as `peers/connections.mjs` does.

use crate::clients::Client;
use crate::clock;
use crate::exchange::{Exchange, Mode, Task};
use crate::measure::{Measure, Totals};
use crate::secure;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::sleep;

/// Most connections that are being opened at a time, so that no server's backlog overflows.
const MAX_OPENING_AT_ONCE: usize = 50;
const SETTLING: Duration = Duration::from_millis(600);

#[derive(Clone)]
pub struct Work {
    pub client: &'static Client,
    pub url: String,
    pub server_pid: u32,
    pub task: Task,
}

/// Performs a task, and returns its samples and totals.
pub async fn perform(work: Work) -> Result<Measure, String> {
    let shared = Rc::new(RefCell::new(Measure::new(
        work.task.clone(),
        work.server_pid,
    )));
    let measure = shared.clone();
    LocalSet::new()
        .run_until(async move {
            match work.task.mode {
                Mode::Connect => connect_again_and_again(&work, &measure).await,
                Mode::Idle => lie_idle(&work, &measure).await,
                _ => converse_all(&work, &measure).await,
            }
        })
        .await?;
    // The tasks of idle connections held it as well. They have been dropped with their set.
    let measure = Rc::try_unwrap(shared).map_err(|_| "a connection is still there")?;
    Ok(measure.into_inner())
}

async fn converse_all(work: &Work, measure: &Rc<RefCell<Measure>>) -> Result<(), String> {
    let connections = work.task.connections.unwrap_or(1);
    measure.borrow_mut().unopened = connections;
    for handle in open(work, measure, connections).await {
        if !handle.await.map_err(|error| error.to_string())?? {
            return Err("a connection closed before every reply had arrived".into());
        }
    }
    Ok(())
}

/// Starts the given number of connections, a few at a time.
async fn open(
    work: &Work,
    measure: &Rc<RefCell<Measure>>,
    connections: usize,
) -> Vec<JoinHandle<Result<bool, String>>> {
    let mut handles: Vec<JoinHandle<Result<bool, String>>> = Vec::new();
    for opened in 1..=connections {
        let exchange = Exchange::new(work.task.clone(), measure.clone());
        handles.push(tokio::task::spawn_local(converse(
            work.client,
            work.url.clone(),
            exchange,
        )));
        let has_failed = || handles.iter().any(|handle| handle.is_finished());
        while opened - (connections - measure.borrow().unopened) >= MAX_OPENING_AT_ONCE
            && !has_failed()
        {
            sleep(Duration::from_millis(1)).await;
        }
    }
    handles
}

async fn connect_again_and_again(
    work: &Work,
    measure: &Rc<RefCell<Measure>>,
) -> Result<(), String> {
    while !measure.borrow().has_ended() {
        let exchange = Exchange::new(work.task.clone(), measure.clone());
        let begun = clock::now();
        if !converse(work.client, work.url.clone(), exchange).await? {
            return Err("the connection closed before its reply had arrived".into());
        }
        measure.borrow_mut().take(clock::now(), begun, &[]);
    }
    Ok(())
}

async fn lie_idle(work: &Work, measure: &Rc<RefCell<Measure>>) -> Result<(), String> {
    let connections = work.task.connections.unwrap_or(1);
    // These first connections do not count. They take what a process needs only once, and heaps grow in steps at first.
    let mut handles = open_idle(work, measure, connections.div_ceil(2)).await?;
    let before = memory(work.server_pid).await?;
    let (begun, cpu_before) = (clock::now(), clock::cpu_times());
    let ticks_before = clock::process_ticks(work.server_pid);
    handles.extend(open_idle(work, measure, connections).await?);
    let (ended, cpu) = (clock::now(), clock::cpu_times());
    let ticks = clock::process_ticks(work.server_pid);
    let after = memory(work.server_pid).await?;
    let per_connection = |(before, after)| (after - before) / connections as f64;
    measure.borrow_mut().totals = Some(Totals {
        messages: connections,
        elapsed: (ended - begun) as f64 / 1e3,
        client_user: cpu.0 - cpu_before.0,
        client_system: cpu.1 - cpu_before.1,
        server_ticks: ticks
            .zip(ticks_before)
            .map(|(after, before)| after - before),
        bytes_per_connection: Some(per_connection((before.0, after.0))),
        server_bytes_per_connection: Some(per_connection((before.1, after.1))),
        ..Totals::default()
    });
    for handle in handles {
        handle.abort();
        let _ = handle.await;
    }
    Ok(())
}

async fn open_idle(
    work: &Work,
    measure: &Rc<RefCell<Measure>>,
    connections: usize,
) -> Result<Vec<JoinHandle<Result<bool, String>>>, String> {
    measure.borrow_mut().unopened = connections;
    let idle = measure.borrow().idle + connections;
    let handles = open(work, measure, connections).await;
    while measure.borrow().idle < idle {
        if handles.iter().any(|handle| handle.is_finished()) {
            return Err("a connection did not stay open".into());
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(handles)
}

/// Resident bytes of this process and of the server.
async fn memory(server_pid: u32) -> Result<(f64, f64), String> {
    sleep(SETTLING).await;
    let of =
        |pid| clock::resident_bytes(pid).ok_or("this system does not show the memory of a process");
    Ok((of(std::process::id())? as f64, of(server_pid)? as f64))
}

/// Drives a client on one connection until it has closed. Returns whether every message was answered.
async fn converse(
    client: &'static Client,
    url: String,
    mut exchange: Exchange,
) -> Result<bool, String> {
    let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
    let authority = rest.trim_end_matches('/');
    let says = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect(authority).await.map_err(says)?;
    stream.set_nodelay(true).map_err(says)?;
    if scheme == "wss" {
        let stream = secure::connect(stream).await.map_err(says)?;
        (client.run_secure)(stream, authority, &mut exchange).await?;
    } else {
        (client.run)(stream, authority, &mut exchange).await?;
    }
    Ok(exchange.is_done())
}
