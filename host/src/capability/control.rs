//! `sandglass:job/control`: what the host wants of the run and what is left of its limits.
//!
//! Linked by hand, because what is left of the fuel is known to the store and not to its data.

use wasmtime::{StoreContextMut, component::Linker};

use crate::{bindings::sandglass::job::control::Budget, journal::Function, state::RunState};

const INTERFACE: &str = "sandglass:job/control@0.1.0";

/// Adds the interface to the linker of runs.
pub(crate) fn add_to_linker(linker: &mut Linker<RunState>) -> wasmtime::Result<()> {
    let mut interface = linker.instance(INTERFACE)?;
    interface.func_wrap(
        "is-cancelled",
        |mut store: StoreContextMut<'_, RunState>, ()| Ok((store.data_mut().is_cancelled()?,)),
    )?;
    interface.func_wrap(
        "remaining",
        |mut store: StoreContextMut<'_, RunState>, ()| {
            let fuel = store.get_fuel()?;
            Ok((store.data_mut().remaining(fuel)?,))
        },
    )
}

impl RunState {
    fn is_cancelled(&mut self) -> wasmtime::Result<bool> {
        self.begin(Function::IsCancelled, "", &[])?;
        let cancelled = self.cancel.is_cancelled();
        self.answer(cancelled)
    }

    fn remaining(&mut self, fuel: u64) -> wasmtime::Result<Budget> {
        self.begin(Function::Remaining, "", &[])?;
        let left = self.deadline.saturating_sub(self.clock.monotonic());
        let budget = Budget {
            fuel,
            milliseconds: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: self.limiter.memory_left(),
        };
        self.answer(budget)
    }
}
