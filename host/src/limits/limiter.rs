//! Memory and tables: asked for by the engine each time a guest wants more.
//!
//! A limit holds for the sum over all memories (or tables) of a run, however many a component has.
//! A request beyond it ends the run with the limit's name, instead of letting the guest abort itself
//! for a reason that nobody could then see.

use sandglass_contract::{Limit, Limits};
use wasmtime::ResourceLimiter;

use crate::outcome::Stop;

/// How much of one kind is in use.
#[derive(Debug)]
struct Usage {
    limit: Limit,
    maximum: u64,
    current: u64,
    peak: u64,
    last_growth: u64,
}

impl Usage {
    fn new(limit: Limit, limits: &Limits) -> Self {
        Self {
            limit,
            maximum: limits.get(limit),
            current: 0,
            peak: 0,
            last_growth: 0,
        }
    }

    /// One memory or table wants to grow. `declared` is the most that it says itself it will have.
    fn grow(
        &mut self,
        current: usize,
        desired: usize,
        declared: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.last_growth = 0;
        if declared.is_some_and(|declared| desired > declared) {
            return Ok(false);
        }
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let wanted = self.current.saturating_add(growth);
        if wanted > self.maximum {
            return Err(Stop::Limit {
                limit: self.limit,
                maximum: self.maximum,
            }
            .into());
        }
        self.last_growth = growth;
        self.current = wanted;
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    /// The growth that was just allowed did not happen.
    fn take_back(&mut self) {
        self.current = self.current.saturating_sub(self.last_growth);
        self.last_growth = 0;
    }
}

/// Keeps one run within its memory, table and instance limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Usage,
    tables: Usage,
    instances: usize,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: Usage::new(Limit::MemoryBytes, limits),
            tables: Usage::new(Limit::TableElements, limits),
            instances: usize::try_from(limits.get(Limit::Instances)).unwrap_or(usize::MAX),
        }
    }

    /// The most memory in use at once so far, in bytes.
    pub(crate) const fn peak_memory(&self) -> u64 {
        self.memory.peak
    }

    /// Memory that may still be added, in bytes.
    pub(crate) const fn memory_left(&self) -> u64 {
        self.memory.maximum.saturating_sub(self.memory.current)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.memory.grow(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a memory did not grow");
        self.memory.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.tables.grow(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a table did not grow");
        self.tables.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use sandglass_contract::LimitSettings;

    use super::*;

    fn limiter(memory: u64) -> Limiter {
        let mut settings = LimitSettings::default();
        settings.set("memory_bytes", memory).unwrap();
        Limiter::new(&Limits::with(&settings))
    }

    #[test]
    fn the_limit_is_for_all_memories_together() {
        let mut limiter = limiter(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        let error = limiter.memory_growing(40, 41, None).unwrap_err();
        let expect = Stop::Limit {
            limit: Limit::MemoryBytes,
            maximum: 100,
        };
        assert_eq!(error.downcast_ref::<Stop>(), Some(&expect));
        assert_eq!((limiter.peak_memory(), limiter.memory_left()), (100, 0));
    }

    #[test]
    fn growth_that_does_not_happen_is_not_counted() {
        let mut limiter = limiter(100);
        assert!(!limiter.memory_growing(0, 60, Some(50)).unwrap());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        limiter
            .memory_grow_failed(wasmtime::Error::msg("no"))
            .unwrap();
        assert_eq!(limiter.memory_left(), 100);
    }
}
