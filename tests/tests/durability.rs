//! The whole server under `kill -9`: what it acknowledged is there afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use sandglass_tests::{Server, ServerOptions};
use serde_json::json;

const ROUNDS: u64 = 6;

/// A small generator of numbers (xorshift), so that a seed gives the same rounds again.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn seed() -> u64 {
    let given = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()) + 1)
}

#[test]
fn every_acknowledged_job_and_run_survives_kill_9() {
    let seed = seed();
    println!("SEED={seed}");
    let mut state = seed;
    let mut server = Server::start();
    let mut jobs: Vec<String> = Vec::new();
    let mut executions: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let client = server.client();
        for number in 0..=random(&mut state) % 12 {
            let job = client.create_job(&json!({
                "name": format!("job {round}.{number}"), "template_type": "test_scheduler",
                "schedule": {"type": "manual"}, "parameters": {"steps": 5}
            }));
            for _ in 0..random(&mut state) % 4 {
                executions.push(client.start_job(&job, &json!({})));
            }
            jobs.push(job);
        }
        server = server.killed_and_started_again(&ServerOptions::default());
    }
    let client = server.client();
    for job in &jobs {
        let _ = client
            .get(&format!("/api/admin/scheduler-jobs/{job}"))
            .expect(200);
    }
    for execution in &executions {
        let ended = client.ended(execution);
        assert_eq!(ended["status"], "success", "{ended:#}");
        let successes = ended["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["outcome"] == "success");
        assert_eq!(successes.count(), 1, "{ended:#}");
    }
    println!(
        "{} jobs and {} runs over {ROUNDS} kills",
        jobs.len(),
        executions.len()
    );
}
