//! How much of the service there may be, and how often it may be used: the section `[limits]` of the
//! settings file and its arguments.

use clap::{Args, value_parser};
use sandglass_registry::{RateLimit, rate::MAX_RATE};
use serde::Deserialize;

use crate::failure::{Exit, Failure};

const DEFAULT_MAX_JOBS: u64 = 100;
const MOST_JOBS: u64 = 10_000_000;
const DEFAULT_MANUAL_RUNS: u64 = 10;
const DEFAULT_REQUESTS: u64 = 6_000;
const MOST_REQUESTS: u64 = 10_000_000;

/// The limits that have an argument.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LimitArguments {
    /// How many jobs there may be in all; 0 sets no limit. [default: 100]
    #[arg(long, value_name = "NUMBER", env = "SANDGLASS_MAX_JOBS",
        value_parser = value_parser!(u64).range(0..=MOST_JOBS))]
    max_jobs: Option<u64>,
    /// How many runs a user may start by hand within an hour; 0 sets no limit.
    /// [default: 10]
    #[arg(long, value_name = "NUMBER", env = "SANDGLASS_MANUAL_RUNS_PER_HOUR",
        value_parser = value_parser!(u64).range(0..=u64::from(MAX_RATE)))]
    manual_runs_per_hour: Option<u64>,
    /// How many requests a token may make in a minute; 0 sets no limit. [default: 6000]
    #[arg(long, value_name = "NUMBER", env = "SANDGLASS_REQUESTS_PER_MINUTE",
        value_parser = value_parser!(u64).range(0..=MOST_REQUESTS))]
    requests_per_minute: Option<u64>,
}

/// The limits as the file names them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitSection {
    max_jobs: Option<u64>,
    manual_runs_per_hour: Option<u64>,
    requests_per_minute: Option<u64>,
}

/// The limits of the service, where there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceLimits {
    /// How many jobs there may be in all.
    pub(crate) jobs: Option<u64>,
    /// How often a user may start a run by hand.
    pub(crate) manual_runs: Option<RateLimit>,
    /// How many requests a token may make in a minute.
    pub(crate) requests_per_minute: Option<u32>,
}

impl ServiceLimits {
    /// Puts the limits together.
    ///
    /// # Errors
    /// Where the file names one that is out of bounds.
    pub(super) fn merge(
        arguments: &LimitArguments,
        section: &LimitSection,
    ) -> Result<Self, Failure> {
        let jobs = within("max_jobs", DEFAULT_MAX_JOBS, MOST_JOBS);
        let runs = within(
            "manual_runs_per_hour",
            DEFAULT_MANUAL_RUNS,
            u64::from(MAX_RATE),
        );
        let requests = within("requests_per_minute", DEFAULT_REQUESTS, MOST_REQUESTS);
        let small = |limit: u64| u32::try_from(limit).unwrap_or(u32::MAX);
        let (runs, requests) = (
            runs(arguments.manual_runs_per_hour, section.manual_runs_per_hour)?,
            requests(arguments.requests_per_minute, section.requests_per_minute)?,
        );
        Ok(Self {
            jobs: jobs(arguments.max_jobs, section.max_jobs)?,
            manual_runs: runs.map(|most| RateLimit::an_hour(small(most))),
            requests_per_minute: requests.map(small),
        })
    }
}

/// Reads a limit of that name: the argument goes before the file, and 0 means none.
fn within(
    name: &'static str,
    default: u64,
    most: u64,
) -> impl Fn(Option<u64>, Option<u64>) -> Result<Option<u64>, Failure> {
    move |argument, section| match argument.or(section).unwrap_or(default) {
        0 => Ok(None),
        limit if limit <= most => Ok(Some(limit)),
        _ => {
            let text = format!("limits.{name} is from 1 to {most}, or 0 for none");
            Err(Failure::saying(Exit::Usage, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Option<u64>, Option<u32>, Option<u32>);

    fn check(section: &str, expect: Option<Read>) {
        let section: LimitSection = serde_json::from_str(section).unwrap_or_default();
        let merged = ServiceLimits::merge(&LimitArguments::default(), &section).ok();
        let merged = merged.map(|it| {
            let runs = it.manual_runs.map(|it| it.most);
            (it.jobs, runs, it.requests_per_minute)
        });
        assert_eq!(merged, expect, "{section:?}");
    }

    #[test]
    fn limits_have_defaults_and_bounds() {
        check("{}", Some((Some(100), Some(10), Some(6000))));
        check(
            r#"{"max_jobs": 5, "manual_runs_per_hour": 7, "requests_per_minute": 9}"#,
            Some((Some(5), Some(7), Some(9))),
        );
        check(
            r#"{"max_jobs": 0, "manual_runs_per_hour": 0, "requests_per_minute": 0}"#,
            Some((None, None, None)),
        );
        check(r#"{"manual_runs_per_hour": 1001}"#, None);
    }
}
