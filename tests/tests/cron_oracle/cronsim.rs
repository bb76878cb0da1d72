//! The same answers as `cronsim`, a Python library that follows Debian's cron, or a difference that
//! `docs/SCHEDULES.md` explains.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sandglass_registry::TimeZoneName;
use sandglass_tests::workspace;
use serde_json::{Value, json};

use super::{
    calendar,
    cases::{Forms, Numbers, expression, zone_and_start},
    matcher::Matcher,
    next_slots, seed,
};

const CASES: usize = 24_000;
const RUNS: usize = 5;
/// Zones whose clocks change in every way that there is but one: `cronsim` goes wrong in
/// `Australia/Lord_Howe`, where they change by half an hour.
const ZONES: [&str; 19] = [
    "UTC",
    "Asia/Kolkata",
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "America/Santiago",
    "America/Asuncion",
    "America/Havana",
    "America/St_Johns",
    "America/Nuuk",
    "Atlantic/Azores",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Australia/Sydney",
    "Pacific/Chatham",
    "Antarctica/Troll",
];

struct Case {
    expression: String,
    zone: TimeZoneName,
    start: Timestamp,
}

/// How two answers go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// They are equal.
    Equal,
    /// `cronsim` forgets that it begins in the second pass of an overlap, and names times before its
    /// start.
    BeforeStart,
    /// `cronsim` begins a day at a midnight that its clocks skip, and names an instant whose local time
    /// the expression does not have, or misses the first hour of that day.
    SkippedMidnight,
    /// `cronsim` goes through a day in whole hours, and misses an hour that begins at another minute
    /// because the clocks were changed then.
    PartOfAnHour,
    /// The next run is further away than we look.
    BeyondHorizon,
    /// Neither knows a run.
    NeverDue,
}

#[test]
fn cronsim_says_the_same_but_for_the_differences_that_are_explained() {
    let mut numbers = Numbers(seed("SANDGLASS_CRON_SEED", 20_261_123));
    let mut cases = Vec::new();
    for _ in 0..CASES {
        let expression = expression(&mut numbers, Forms::Shared);
        let (zone, start) = zone_and_start(&mut numbers, &ZONES);
        cases.push(Case {
            expression,
            zone,
            start,
        });
    }
    let answers = ask(&cases);
    assert_eq!(answers.len(), cases.len());
    let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (case, theirs) in cases.iter().zip(&answers) {
        match compare(case, theirs) {
            Ok(class) => *counts.entry(class).or_default() += 1,
            Err(difference) => unexplained.push(difference),
        }
    }
    println!("{CASES} cases of {RUNS} runs each: {counts:?}");
    let shown = unexplained.iter().take(20).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join("\n");
    assert!(
        unexplained.is_empty(),
        "{} unexplained:\n{shown}",
        unexplained.len()
    );
    assert!(counts[&Class::Equal] * 100 >= CASES * 90, "{counts:?}");
}

fn compare(case: &Case, theirs: &Value) -> Result<Class, String> {
    let calendar = calendar(&case.expression, &case.zone);
    let ours = next_slots(&calendar, case.start, RUNS);
    let listed: Vec<Timestamp> = theirs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| Timestamp::from_second(it.as_i64().unwrap()).unwrap())
        .collect();
    if ours == listed {
        return Ok(match ours.is_empty() {
            true => Class::NeverDue,
            false => Class::Equal,
        });
    }
    let matcher = Matcher::new(&case.expression);
    let zone = case.zone.zone().unwrap();
    let is_named = |at: &Timestamp| matcher.is_fixed() || matcher.names(zone.to_datetime(*at));
    let mut class = Class::Equal;
    let mut right = listed.clone();
    right.retain(|at| *at > case.start);
    if right.len() < listed.len() && matcher.is_fixed() {
        class = Class::BeforeStart;
    }
    let after_start = right.len();
    right.retain(is_named);
    if right.len() < after_start {
        class = Class::SkippedMidnight;
    }
    let mut kept = ours.clone();
    kept.retain(|at| {
        let missed = match matcher.is_fixed() || right.contains(at) {
            true => None,
            false => missed_after_change(&matcher, &zone, *at),
        };
        class = missed.unwrap_or(class);
        missed.is_none()
    });
    let in_common = kept.len().min(right.len());
    if ours.len() < RUNS {
        let last = ours.last().copied().unwrap_or(case.start);
        let horizon = SignedDuration::from_hours(10 * 365 * 24);
        if right
            .get(ours.len())
            .is_some_and(|it| it.duration_since(last) > horizon)
        {
            class = Class::BeyondHorizon;
        }
    }
    match class != Class::Equal && kept[..in_common] == right[..in_common] {
        true => Ok(class),
        false => Err(format!(
            "{:?} {} from {}: ours {ours:?}, cronsim's {listed:?} {}",
            case.expression, case.zone, case.start, theirs["error"]
        )),
    }
}

/// Why `cronsim` misses a slot in the hour after a change of the clocks, where it does.
fn missed_after_change(matcher: &Matcher, zone: &TimeZone, at: Timestamp) -> Option<Class> {
    let instant = SignedDuration::from_nanos(1);
    let change = zone.preceding(at + instant).next()?.timestamp();
    let soon = at.duration_since(change) < SignedDuration::from_hours(1);
    if !soon || !matcher.names(zone.to_datetime(at)) {
        return None;
    }
    let before = zone.to_offset(change - instant).to_datetime(change);
    match before.minute() {
        0 if before.hour() == 0 && zone.to_datetime(change) > before => {
            Some(Class::SkippedMidnight)
        }
        0 => None,
        _ => Some(Class::PartOfAnHour),
    }
}

fn ask(cases: &[Case]) -> Vec<Value> {
    let python = workspace().join("target/tools/python/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run `make test-tools`",
        python.display()
    );
    let mut oracle = Command::new(python)
        .arg(workspace().join("tests/oracle/cronsim_oracle.py"))
        // The time zone database of the package, and not that of the machine.
        .env("PYTHONTZPATH", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut questions = oracle.stdin.take().unwrap();
    let lines: String = cases
        .iter()
        .map(|case| {
            let question = json!({
                "expression": case.expression, "timezone": case.zone.as_str(),
                "start": case.start.as_second(), "count": RUNS,
            });
            format!("{question}\n")
        })
        .collect();
    let asking = thread::spawn(move || questions.write_all(lines.as_bytes()));
    let answers = BufReader::new(oracle.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    asking.join().unwrap().expect("the oracle reads every case");
    assert!(oracle.wait().unwrap().success());
    answers
}
