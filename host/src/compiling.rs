//! Compiling components: here, or in a process of its own with bounds.
//!
//! A compiler works as long, and takes as much memory, as its input makes it: what is small to upload
//! can be large to compile. So the service compiles in a child process, which is this very program with
//! a memory limit, a limit of processor time and an empty environment. It reads the component from its
//! standard input and writes machine code to its standard output. When it needs more than it may, it
//! alone ends.
//!
//! The bounds are against components that are large or odd. They are no sandbox around a compiler that
//! was taken over: its code would be run.

mod child;

use std::{
    ffi::OsString,
    fmt,
    io::{Read, Write},
};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::engine;
pub(crate) use child::compile_in_child;

const MIB: u64 = 1 << 20;
/// What a process may reserve beyond the memory that it may use: libraries, stacks and allocators reserve
/// more than they ever touch.
const RESERVED_BYTES: u64 = 4 << 30;

/// Where components are compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Compiling {
    /// In this process, without bounds but the time.
    #[default]
    InProcess,
    /// In a child process for each component: this very program, called with [`ChildCommand::arguments`],
    /// which must have it call [`compile_for_parent`].
    InChild(ChildCommand),
}

/// How this program is called to compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildCommand {
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What it may use. The arguments must say the same.
    pub limits: CompileLimits,
}

/// What compiling one component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Time of all processors together, in seconds.
    pub processor_seconds: u64,
}

impl Default for CompileLimits {
    /// 2 GiB and five minutes.
    fn default() -> Self {
        Self {
            memory_bytes: 2048 * MIB,
            processor_seconds: 300,
        }
    }
}

/// Why a child did not compile.
#[derive(Debug)]
pub enum ChildFailure {
    /// The component is not valid; this is the reason.
    Invalid(String),
    /// The child could not work.
    Failed(String),
}

impl ChildFailure {
    /// The exit code of a child whose component is not valid. Rust's own is 101 after a panic, and a
    /// shell's are 126 and more.
    const INVALID: u8 = 65;
    const FAILED: u8 = 70;

    /// The exit code by which the parent tells which it is.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid(_) => Self::INVALID,
            Self::Failed(_) => Self::FAILED,
        }
    }
}

impl fmt::Display for ChildFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) | Self::Failed(reason) => formatter.write_str(reason),
        }
    }
}

/// Compiles the component that `input` gives and writes the machine code to `output`, as a child whose
/// parent has a [`Host`](crate::Host) with [`Compiling::InChild`]. It bounds this process for good.
///
/// # Errors
/// Where the component is not valid or this process cannot work; its exit code and its standard error
/// must say which.
pub fn compile_for_parent(
    limits: CompileLimits,
    mut input: impl Read,
    mut output: impl Write,
) -> Result<(), ChildFailure> {
    let failed = |error: &dyn fmt::Display| ChildFailure::Failed(error.to_string());
    confine(limits).map_err(|error| failed(&error))?;
    let mut component = Vec::new();
    input
        .read_to_end(&mut component)
        .map_err(|error| failed(&error))?;
    let engine = engine::for_compiling().map_err(|error| failed(&error))?;
    let code = engine
        .precompile_component(&component)
        .map_err(|error| ChildFailure::Invalid(format!("{error:#}")))?;
    output
        .write_all(&code)
        .and_then(|()| output.flush())
        .map_err(|error| failed(&error))
}

/// Bounds this process: memory, processor time, no files and no core dump.
fn confine(limits: CompileLimits) -> rustix::io::Result<()> {
    let processor_seconds = limits.processor_seconds;
    let reserved = limits.memory_bytes.saturating_add(RESERVED_BYTES);
    let bounds = [
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Data, limits.memory_bytes, limits.memory_bytes),
        (Resource::As, reserved, reserved),
        // At the first one the kernel says that it is the time (SIGXCPU), at the second it kills.
        (
            Resource::Cpu,
            processor_seconds,
            processor_seconds.saturating_add(1),
        ),
    ];
    for (resource, soft, hard) in bounds {
        let limit = Rlimit {
            current: Some(soft),
            maximum: Some(hard),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}
