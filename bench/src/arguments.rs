//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the service.
#[derive(Debug, Parser)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) benchmark: Benchmark,
}

/// What every benchmark takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Where the servers' data folders are made; they are removed afterwards. It should be on the disk
    /// that is to be measured. [default: the folder for temporary files]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) work: Option<PathBuf>,
    /// Where results are written. [default: bench/results in the workspace]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) results: Option<PathBuf>,
    /// What plots say about the machine. [default: the number of its cores]
    #[arg(long, value_name = "TEXT", global = true)]
    pub(crate) machine: Option<String>,
    /// What plots say about the day. [default: today]
    #[arg(long, value_name = "TEXT", global = true)]
    pub(crate) date: Option<String>,
    /// How many executions the server runs at once. [default: the server's]
    #[arg(long, value_name = "NUMBER", global = true)]
    pub(crate) concurrent_runs: Option<u32>,
    /// Which log lines the server writes.
    #[arg(long, value_name = "FILTER", default_value = "info", global = true)]
    pub(crate) log: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Benchmark {
    /// A million jobs: start-up, memory, idle processor time, and how late a thousand slots are.
    Million(Million),
    /// Runs that do nothing, end to end, as many as possible.
    Throughput(Throughput),
    /// From a request to run a job to the run, one at a time on an idle server.
    Latency(Latency),
    /// Many jobs due at one moment.
    Spike(Spike),
    /// What the embedded store takes by itself: what inserting, claiming and ending cost each.
    Store(Store),
    /// From the end of a host to its runs being taken over, on a MongoDB server of its own.
    Failover(Failover),
    /// The API while guests compute without end or mean harm.
    Guests(Guests),
    /// Against Agenda on the same MongoDB server, with one and more hosts.
    Versus(Versus),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Million {
    /// How many jobs there are.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) jobs: u32,
    /// How many of them are due at the moment that is measured.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) due: u32,
    /// How long the server is watched while nothing is due.
    #[arg(long, default_value_t = 20)]
    pub(crate) idle_seconds: u32,
}

/// Where the runs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Requests to run a job, over connections that are kept.
    Rest,
    /// Schedules: jobs that are due every second.
    Slots,
    /// Executions that wait in the store when the server starts.
    Backlog,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Throughput {
    /// Where the runs come from.
    #[arg(long, value_enum, default_value_t = Mode::Rest)]
    pub(crate) mode: Mode,
    /// How long runs are asked for (rest) or slots are counted (slots).
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    /// How many connections ask (rest).
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// How many jobs there are. [default: 64; slots: 5000, each due every second]
    #[arg(long)]
    pub(crate) jobs: Option<u32>,
    /// How many executions wait (backlog).
    #[arg(long, default_value_t = 100_000)]
    pub(crate) backlog: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Latency {
    /// How many runs are measured.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) runs: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Spike {
    /// How many jobs are due at one moment; several numbers make several curves.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    pub(crate) jobs: Vec<u32>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Store {
    /// How many executions are inserted, claimed and ended.
    #[arg(long, default_value_t = 50_000)]
    pub(crate) executions: u32,
    /// How many callers there are at once.
    #[arg(long, default_value_t = 256)]
    pub(crate) callers: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Failover {
    /// How many runs the host has when it is killed; 200 at the most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) runs: u32,
    /// How many hosts are killed, one after the other.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long a claim holds unless it is renewed, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    pub(crate) lease_ms: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Guests {
    /// How often the windows follow each other.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long each window is.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
    /// How many requests are due a second.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) rate: u32,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Versus {
    /// How many hosts there are; several numbers are measured one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4],
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) hosts: Vec<u32>,
    /// How many jobs are due at one moment.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) jobs: u32,
    /// How many jobs are due one by one.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) spread_jobs: u32,
    /// How many of those are due in each second.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) per_second: u32,
    /// The MongoDB server to measure on. [default: a test server of its own]
    #[arg(long, value_name = "URL", env = "MONGODB_URI", hide_env_values = true)]
    pub(crate) mongodb: Option<String>,
}
