//! `sandglass-bench`: measures the service from outside, as its users meet it.
//!
//! Each sub-command starts the real binary in a fresh folder, prints what it measured beside what is
//! aimed at, and leaves the same as JSON and as a plot. It asserts that nothing was lost, never that
//! something was fast: figures depend on the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a tool that measures prints what it found, and ends at the first thing that is wrong"
)]

mod arguments;
mod executions;
mod failover;
mod ground;
mod guest;
mod guests;
mod http;
mod latency;
mod million;
mod plot;
mod process;
mod report;
mod spike;
mod statistics;
mod store;
mod throughput;
mod versus;

use clap::Parser as _;

use arguments::{Benchmark, CommandLine};

fn main() {
    let CommandLine { common, benchmark } = CommandLine::parse();
    match benchmark {
        Benchmark::Million(arguments) => million::run(&common, &arguments),
        Benchmark::Throughput(arguments) => throughput::run(&common, &arguments),
        Benchmark::Latency(arguments) => latency::run(&common, &arguments),
        Benchmark::Spike(arguments) => spike::run(&common, &arguments),
        Benchmark::Store(arguments) => store::run(&common, &arguments),
        Benchmark::Failover(arguments) => failover::run(&common, &arguments),
        Benchmark::Guests(arguments) => guests::run(&common, &arguments),
        Benchmark::Versus(arguments) => versus::run(&common, &arguments),
    }
}
