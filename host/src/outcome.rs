//! How whatever ended a guest maps to an outcome: one table, judged in one order.
//!
//! What the host itself decided comes first, then traps, then failures of the host, and at last what
//! wasmtime tells only in words.

use sandglass_contract::{Limit, OutcomeCode};
use wasmtime::Trap;

use crate::text::plain;

/// The longest message of an outcome, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2_000;

/// The host ended the guest on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// Somebody asked for the run to stop.
    #[error("the run was cancelled")]
    Cancelled,
    /// Its time was up.
    #[error("the run took longer than its timeout")]
    TimedOut,
    /// Its record can no longer be written.
    #[error("the lease of the run is lost")]
    LeaseLost,
    /// It used up one of its limits.
    #[error("the run reached its limit {limit} of {maximum}")]
    Limit {
        /// Which.
        limit: Limit,
        /// How much there was.
        maximum: u64,
    },
    /// The host cannot go on.
    #[error("the host failed: {0}")]
    Host(&'static str),
}

impl Stop {
    const fn outcome(self) -> OutcomeCode {
        match self {
            Self::Cancelled => OutcomeCode::Cancelled,
            Self::TimedOut => OutcomeCode::TimedOut,
            Self::LeaseLost => OutcomeCode::LeaseLost,
            Self::Limit {
                limit: Limit::MemoryBytes,
                ..
            } => OutcomeCode::MemoryLimit,
            Self::Limit { .. } => OutcomeCode::LimitExceeded,
            Self::Host(_) => OutcomeCode::HostFault,
        }
    }
}

/// How a guest ended that did not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: OutcomeCode,
    pub(crate) message: String,
}

impl Ending {
    pub(crate) fn new(outcome: OutcomeCode, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
        }
    }
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        Self::new(stop.outcome(), stop.to_string())
    }
}

/// Reads what ended a guest.
pub(crate) fn classify(error: &wasmtime::Error) -> Ending {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return Ending::from(*stop);
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        let message = format!("the template ended its process with status {}", exit.0);
        return Ending::new(OutcomeCode::GuestPanic, message);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let (outcome, message) = of_trap(*trap);
        return Ending::new(outcome, format!("{message} ({trap})"));
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Ending::new(
            OutcomeCode::HostBusy,
            "the host has no free place for the run",
        );
    }
    if error.is::<std::io::Error>() || error.is::<wasmtime::WasmtimeBug>() {
        return Ending::new(
            OutcomeCode::HostFault,
            "the host failed to run the template",
        );
    }
    of_words(&error.root_cause().to_string())
}

fn of_trap(trap: Trap) -> (OutcomeCode, &'static str) {
    match trap {
        Trap::OutOfFuel => (OutcomeCode::FuelLimit, "the template used up its fuel"),
        Trap::Interrupt => (OutcomeCode::TimedOut, "the template was interrupted"),
        Trap::StackOverflow => (
            OutcomeCode::StackOverflow,
            "the template recursed too deeply",
        ),
        Trap::UnreachableCodeReached => (
            OutcomeCode::GuestPanic,
            "the template stopped itself: a panic or an abort",
        ),
        Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidChar
        | Trap::InvalidDiscriminant
        | Trap::UnalignedPointer
        | Trap::CannotLeaveComponent
        | Trap::CannotEnterComponent => (
            OutcomeCode::AbiViolation,
            "the template broke the rules of the component model",
        ),
        _ => (
            OutcomeCode::GuestFault,
            "the template did what a WebAssembly machine refuses",
        ),
    }
}

/// What wasmtime has no public type for. Each text stands in `wasmtime` 48.0.8:
/// `component/func/options.rs`, `vm/component/handle_table.rs` and `store.rs`.
const LIMITS_IN_WORDS: [(&str, &str); 3] = [
    (
        "fuel allocated for hostcalls has been exhausted",
        "the template moved more bytes in one call than its limit host_call_bytes",
    ),
    (
        "store handle limit exceeded",
        "the template has more handles open than its limit handles",
    ),
    (
        "resource limit exceeded",
        "the template has more core instances, memories or tables than its limit instances",
    ),
];

fn of_words(words: &str) -> Ending {
    let limit = LIMITS_IN_WORDS
        .iter()
        .find(|(mark, _)| words.contains(mark));
    match limit {
        Some((_, message)) => Ending::new(OutcomeCode::LimitExceeded, *message),
        None => Ending::new(
            OutcomeCode::AbiViolation,
            format!(
                "the template broke the rules of the component model ({})",
                plain(words, MAX_MESSAGE_BYTES / 2)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn check(error: impl Into<wasmtime::Error>, expect: OutcomeCode) {
        let error = error.into();
        assert_eq!(classify(&error).outcome, expect, "{error:?}");
        let within = error.context("while calling the host");
        assert_eq!(classify(&within).outcome, expect, "{within:?}");
    }

    #[test]
    fn every_way_to_end_has_its_outcome() {
        let limit = |limit| Stop::Limit { limit, maximum: 1 };
        check(Stop::Cancelled, OutcomeCode::Cancelled);
        check(Stop::TimedOut, OutcomeCode::TimedOut);
        check(Stop::LeaseLost, OutcomeCode::LeaseLost);
        check(limit(Limit::MemoryBytes), OutcomeCode::MemoryLimit);
        check(limit(Limit::HostCalls), OutcomeCode::LimitExceeded);
        check(limit(Limit::TableElements), OutcomeCode::LimitExceeded);
        check(Stop::Host("x"), OutcomeCode::HostFault);
        check(wasmtime_wasi::I32Exit(1), OutcomeCode::GuestPanic);
        check(Trap::OutOfFuel, OutcomeCode::FuelLimit);
        check(Trap::Interrupt, OutcomeCode::TimedOut);
        check(Trap::StackOverflow, OutcomeCode::StackOverflow);
        check(Trap::UnreachableCodeReached, OutcomeCode::GuestPanic);
        check(Trap::StringOutOfBounds, OutcomeCode::AbiViolation);
        check(Trap::ListOutOfBounds, OutcomeCode::AbiViolation);
        check(Trap::InvalidDiscriminant, OutcomeCode::AbiViolation);
        check(Trap::CannotEnterComponent, OutcomeCode::AbiViolation);
        check(Trap::MemoryOutOfBounds, OutcomeCode::GuestFault);
        check(Trap::TableOutOfBounds, OutcomeCode::GuestFault);
        check(Trap::IntegerDivisionByZero, OutcomeCode::GuestFault);
        check(Trap::IndirectCallToNull, OutcomeCode::GuestFault);
        check(Trap::BadSignature, OutcomeCode::GuestFault);
        check(std::io::Error::other("mmap"), OutcomeCode::HostFault);
        let words = |words: &'static str| wasmtime::Error::msg(words);
        check(
            words("cannot allocate another handle: store handle limit exceeded"),
            OutcomeCode::LimitExceeded,
        );
        check(
            words("resource limit exceeded: instance count too high at 21"),
            OutcomeCode::LimitExceeded,
        );
        check(
            words("list pointer/length out of bounds of memory"),
            OutcomeCode::AbiViolation,
        );
    }

    #[test]
    fn a_stop_names_its_limit() {
        let stop = Stop::Limit {
            limit: Limit::MemoryBytes,
            maximum: 65_536,
        };
        assert_eq!(
            Ending::from(stop).message,
            "the run reached its limit memory_bytes of 65536"
        );
    }
}
