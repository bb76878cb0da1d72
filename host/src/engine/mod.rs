//! The one engine: a single constructor for whatever compiles, inspects or runs components.
//!
//! Fuel bounds how much a guest computes, the same on every run; epochs bound how long it computes
//! before it lets others go on. Features of WebAssembly that templates do not need are switched off.
//! wasmtime itself gives the clock: nothing here reads time.

mod cache;
mod component;
mod linker;
mod nesting;
mod wasi;

use std::{num::NonZeroUsize, time::Duration};

use sandglass_contract::Limit;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OperatorCost, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

use crate::error::HostError;

pub(crate) use cache::{ArtefactCache, adopt};
pub(crate) use component::{Shape, inspect};
pub(crate) use linker::{pure_pre, run_linker, run_pre};
pub(crate) use wasi::{pure_wasi, run_wasi};

/// How often running guests are made to let others go on.
const TICK: Duration = Duration::from_millis(10);

/// The most memories and tables that one component may have between all its core instances. A
/// Rust template has one memory; components of interpreters link several modules together.
const MAX_MEMORIES: u32 = 4;
const MAX_TABLES: u32 = 20;

const MIB: usize = 1 << 20;

/// Whether guests run in places that were reserved beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    /// In a pool: no memory is mapped for a run.
    Pooled,
    /// Each in memory mapped for it, for machines whose address space is too small for the pool.
    OnDemand,
}

/// Starts an engine for `guests` guests at the same time, and the thread that makes them take turns.
/// The thread ends with the engine.
pub(crate) fn start(guests: NonZeroUsize) -> Result<Engine, HostError> {
    let engine = match Engine::new(&config(Placement::Pooled, guests)) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "the address space is too small to reserve memory for guests; mapping it for each run"
            );
            Engine::new(&config(Placement::OnDemand, guests)).map_err(engine_error)?
        }
    };
    start_ticking(&engine)?;
    Ok(engine)
}

/// An engine that only compiles, for engines such as [`start`] gives: what it compiles is the same.
pub(crate) fn for_compiling() -> Result<Engine, HostError> {
    Engine::new(&config(Placement::OnDemand, NonZeroUsize::MIN)).map_err(engine_error)
}

fn engine_error(error: wasmtime::Error) -> HostError {
    HostError::Engine {
        source: error.into(),
    }
}

fn config(placement: Placement, guests: NonZeroUsize) -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(operator_cost())
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_relaxed_simd(false)
        .gc_support(false)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_max_frames(NonZeroUsize::new(20))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    if placement == Placement::Pooled {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(guests)));
    }
    config
}

/// One unit for each instruction, one for each byte that is copied or filled, and for a page of new
/// memory what clearing it costs.
fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = u8::MAX;
    cost
}

fn pool(guests: NonZeroUsize) -> PoolingAllocationConfig {
    let guests = u32::try_from(guests.get()).unwrap_or(u32::MAX);
    let instances = u32::try_from(Limit::Instances.maximum()).unwrap_or(u32::MAX);
    let maximum = |limit: Limit| usize::try_from(limit.maximum()).unwrap_or(usize::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(guests)
        .total_core_instances(guests.saturating_mul(instances))
        .total_memories(guests.saturating_mul(MAX_MEMORIES))
        .total_tables(guests.saturating_mul(MAX_TABLES))
        .total_stacks(guests)
        .max_core_instances_per_component(instances)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_component_instance_size(4 * MIB)
        .max_core_instance_size(4 * MIB)
        .max_memory_size(maximum(Limit::MemoryBytes))
        .table_elements(maximum(Limit::TableElements))
        .linear_memory_keep_resident(MIB)
        .table_keep_resident(64 << 10);
    pool
}

/// A thread and not a task, so that guests are interrupted even when every thread of a runtime is
/// busy with them.
fn start_ticking(engine: &Engine) -> Result<(), HostError> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("sandglass-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(HostError::Threads)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn both_placements_give_an_engine() {
        for placement in [Placement::Pooled, Placement::OnDemand] {
            let engine = Engine::new(&config(placement, NonZeroUsize::MIN));
            assert!(engine.is_ok(), "{placement:?}: {:?}", engine.err());
        }
    }

    #[test]
    fn what_templates_do_not_need_is_refused() {
        let engine = start(NonZeroUsize::MIN).unwrap();
        let check = |module: &str| {
            let bytes = wat::parse_str(format!(r"(component (core module {module}))")).unwrap();
            let compiled = wasmtime::component::Component::from_binary(&engine, &bytes);
            assert!(compiled.is_err(), "{module}");
        };
        check("(memory i64 1)");
        check("(memory 1) (memory 1)");
        check("(memory 1 1 shared)");
        check("(tag)");
        check("(type (struct (field i32)))");
    }
}
