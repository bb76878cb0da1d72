//! Four hosts on one MongoDB server while hosts, connections and the server break: no slot is lost, no
//! execution has two owners, and whoever lost a lease writes nothing more.
//!
//! The schedule of faults comes from a seed, which is printed; `SEED=` gives it again, though not the
//! same moments. `CHAOS_SECONDS=` makes it longer. The hosts' own clocks are half a minute off in either
//! direction. What became of everything is read through the REST API afterwards and judged by
//! [`checker`], which knows the promises and not the faults. That the faults struck is shown by what was
//! taken over and by what the hosts logged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

#[path = "chaos/breaking.rs"]
mod breaking;
#[path = "chaos/checker.rs"]
mod checker;
#[path = "chaos/checker_tests.rs"]
mod checker_tests;
#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/records.rs"]
mod records;
#[path = "chaos/zombies.rs"]
mod zombies;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use breaking::Breaking;
use load::{Load, Triggers};
use sandglass_contract::{Clock as _, SystemClock};
use sandglass_tests::{Client, Host, HostOptions, MongoServer, Random};

/// By how many milliseconds each host's own clock is off.
const CLOCK_OFFSETS_MS: [i64; 4] = [30_000, -30_000, 12_345, -7];
/// How long faults go on, unless `CHAOS_SECONDS` says otherwise.
const DEFAULT_SECONDS: u64 = 60;
/// How long everything that is left may take after the last fault without one execution ending.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a claim holds: long enough for the test server, which four hosts keep busy.
const LEASE: Duration = Duration::from_secs(5);
/// How long hosts work undisturbed before their jobs are paused.
const CALM: Duration = Duration::from_secs(3);

fn seconds() -> u64 {
    let given = std::env::var("CHAOS_SECONDS").ok();
    given.map_or(DEFAULT_SECONDS, |it| {
        it.parse().expect("CHAOS_SECONDS is a number")
    })
}

/// How many executions are in some states.
fn total(client: &Client, states: &str) -> u64 {
    let path = format!("/api/admin/job-executions?status={states}&limit=1");
    client.get(&path).expect(200).body["total"]
        .as_u64()
        .unwrap()
}

/// Waits until nothing is unfinished any more, and what follows from the last ends is not either.
fn wait_until_everything_has_ended(client: &Client, clock: &SystemClock) {
    const QUIET_LOOKS: u32 = 4;
    let mut fewest = u64::MAX;
    let mut since = clock.monotonic();
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        let left = total(client, "queued,running");
        quiet = match left {
            0 => quiet + 1,
            _ => 0,
        };
        if left < fewest || left == 0 {
            fewest = left;
            since = clock.monotonic();
        }
        let waited = clock.monotonic() - since;
        assert!(waited < PATIENCE, "{left} executions do not end");
        thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn hosts_that_break_lose_no_slot_and_run_none_twice() {
    let mut random = Random::from_environment();
    let seconds = seconds();
    let clock = SystemClock::default();
    let server = MongoServer::start();
    let options = HostOptions {
        lease: LEASE,
        ..HostOptions::default()
    };
    let mut hosts: Vec<Host> = CLOCK_OFFSETS_MS
        .iter()
        .zip(1..)
        .map(|(offset, number)| Host::new(&format!("host-{number}"), &server, *offset, &options))
        .collect();
    for host in &mut hosts {
        host.start();
    }
    for host in &hosts {
        host.wait_until_ready();
    }
    let clients: Vec<Client> = hosts.iter().map(Host::client).collect();
    let load = Load::begin(&clients[0], &server);

    let ended = Arc::new(AtomicBool::new(false));
    let asking = Triggers::ask(&load, &clients, &mut random, &ended);
    let mut breaking = Breaking::new(&mut hosts, &server, options.lease, &clock, &mut random);
    let until = clock.monotonic() + Duration::from_secs(seconds);
    while clock.monotonic() < until {
        breaking.go_on(&mut random);
    }
    let faults = breaking.heal();
    for host in &hosts {
        host.wait_until_ready();
    }
    ended.store(true, Ordering::Relaxed);
    let triggers = asking.join().expect("nobody who asked for runs panicked");
    thread::sleep(CALM);
    load.pause(&clients[0]);
    wait_until_everything_has_ended(&clients[0], &clock);

    let records = records::read(&clients[1], &load);
    let names = hosts.iter().map(|host| host.name().to_owned()).collect();
    let counts = checker::check(&records, &load, &triggers, &names);
    let dropped = zombies::dropped(&mut hosts, &records);
    println!(
        "chaos: {seconds} s, {counts}, {dropped}, {} runs asked for; faults: {faults}",
        triggers.len()
    );
    if seconds >= DEFAULT_SECONDS {
        for kind in ["frozen", "killed"] {
            assert!(faults.of(kind) > 0, "no host was {kind}: {faults}");
        }
        assert!(
            dropped.taken_over > 0,
            "hosts were frozen, and none says that it lost a run: {dropped}"
        );
        assert!(
            counts.takeovers > 0,
            "nothing was taken over, so that nothing was shown"
        );
        assert!(counts.slots > 500, "{} slots", counts.slots);
    }
}
