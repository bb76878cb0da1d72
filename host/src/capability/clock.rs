//! `sandglass:job/clock`: the service's clock, coarse on purpose, so that it does not help to measure
//! what other guests do.

use crate::{bindings::sandglass::job::clock::Host, journal::Function, state::RunState};

impl Host for RunState {
    async fn now(&mut self) -> wasmtime::Result<i64> {
        self.begin(Function::Now, "", &[])?;
        let now = self.clock.now().as_millisecond();
        self.answer(now)
    }

    async fn monotonic(&mut self) -> wasmtime::Result<u64> {
        self.begin(Function::Monotonic, "", &[])?;
        let elapsed = self.clock.monotonic().saturating_sub(self.began);
        let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.answer(milliseconds.saturating_mul(1_000_000))
    }
}
