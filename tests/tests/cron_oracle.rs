//! Cron expressions mean what they shall: compared with another program, with a slow second reading of
//! the rules, and in every time zone there is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

#[path = "cron_oracle/cases.rs"]
mod cases;
#[path = "cron_oracle/cronsim.rs"]
mod cronsim;
#[path = "cron_oracle/matcher.rs"]
mod matcher;
#[path = "cron_oracle/properties.rs"]
mod properties;
#[path = "cron_oracle/zones.rs"]
mod zones;

use jiff::Timestamp;
use sandglass_registry::{CronExpression, Schedule, TimeZoneName};
use sandglass_scheduler::Calendar;

fn calendar(expression: &str, timezone: &TimeZoneName) -> Calendar {
    let schedule = Schedule::Cron {
        expression: CronExpression::parse(expression).expect(expression),
        timezone: timezone.clone(),
    };
    Calendar::compile(&schedule).expect(expression)
}

/// The next `count` slots, fewer where there are no more.
fn next_slots(calendar: &Calendar, start: Timestamp, count: usize) -> Vec<Timestamp> {
    let mut slots = Vec::new();
    let mut last = start;
    while slots.len() < count
        && let Some(next) = calendar.next_after(last).expect("the search ends")
    {
        assert!(next > last, "{next} is not after {last}");
        slots.push(next);
        last = next;
    }
    slots
}

/// The seed of the random cases: that of the variable, or one that is always the same.
fn seed(variable: &str, otherwise: u64) -> u64 {
    let seed = std::env::var(variable).ok();
    let seed = seed.map_or(otherwise, |it| it.parse().expect("a number"));
    println!("{variable}={seed}");
    seed
}
