//! Requests at a fixed rate, each timed from the moment at which it was due.

use std::time::Duration;

use sandglass_contract::{Clock as _, SystemClock};

use crate::http::{Connection, Request};

/// The calls that are measured, in turn: a name and a path, in which `{job}` is a job's id.
pub(super) const CALLS: [(&str, &str); 3] = [
    ("list jobs", "/api/admin/scheduler-jobs?limit=20"),
    ("get job", "/api/admin/scheduler-jobs/{job}"),
    ("livez", "/livez"),
];

/// Connections that requests go over, so that one that waits for its answer holds up no other.
const CONNECTIONS: u32 = 12;

/// One request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) call: &'static str,
    /// From when it was due to its answer.
    pub(super) milliseconds: f64,
}

/// What sends requests.
pub(super) struct Probe {
    connections: Vec<Connection>,
    requests: Vec<(&'static str, Request)>,
    every: Duration,
    clock: SystemClock,
}

impl Probe {
    pub(super) async fn open(address: &str, job: &str, rate: u32, clock: SystemClock) -> Self {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(address).await);
        }
        let request =
            |(name, path): (&'static str, &str)| (name, Request::get(&path.replace("{job}", job)));
        Self {
            connections,
            requests: CALLS.map(request).to_vec(),
            every: Duration::from_secs(1) / rate,
            clock,
        }
    }

    /// Sends requests for so long, and waits for their answers.
    pub(super) async fn measure(&mut self, window: Duration) -> Vec<Timed> {
        let (requests, every, clock) = (&self.requests, self.every, &self.clock);
        let began = clock.monotonic();
        let count = u32::try_from(window.as_nanos() / every.as_nanos()).expect("a count");
        let senders = (0..)
            .zip(&mut self.connections)
            .map(|(first, connection)| async move {
                let mut timed = Vec::new();
                for number in (first..count).step_by(CONNECTIONS as usize) {
                    let due = began + every * number;
                    clock.sleep(due.saturating_sub(clock.monotonic())).await;
                    let (call, request) = &requests[number as usize % requests.len()];
                    let (status, _) = connection.send(request).await;
                    assert_eq!(status, 200, "{call}");
                    let took = clock.monotonic() - due;
                    timed.push(Timed {
                        call,
                        milliseconds: took.as_secs_f64() * 1000.0,
                    });
                }
                timed
            });
        futures::future::join_all(senders).await.concat()
    }
}
