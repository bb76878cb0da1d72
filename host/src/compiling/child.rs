//! The parent's half of compiling in a child: starting it, feeding it, and judging how it ended.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::{ChildCommand, ChildFailure, CompileLimits, MIB};
use crate::{error::TemplateError, text::plain};

/// This very program, even when its file was replaced meanwhile (proc_pid_exe(5)).
const OWN_PROGRAM: &str = "/proc/self/exe";
/// How much of what a child says is read.
const MAX_SAID_BYTES: u64 = 16 << 10;
/// How much of it is told.
const MAX_TOLD_BYTES: usize = 1_000;

/// Compiles a component in a child; returns its machine code. The child ends with the future.
pub(crate) async fn compile_in_child(
    command: &ChildCommand,
    component: &[u8],
) -> Result<Vec<u8>, TemplateError> {
    let mut program = Command::new(OWN_PROGRAM);
    program.args(&command.arguments);
    let child = start(program).map_err(TemplateError::host)?;
    feed(child, command.limits, component).await
}

fn start(mut program: Command) -> std::io::Result<Child> {
    program
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

async fn feed(
    mut child: Child,
    limits: CompileLimits,
    component: &[u8],
) -> Result<Vec<u8>, TemplateError> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // A child that ends before it has read everything says why by itself.
            let _ended = stdin.write_all(component).await;
        }
    };
    let ((), code, said) = tokio::join!(
        give,
        read(stdout, limits.memory_bytes),
        read(stderr, MAX_SAID_BYTES)
    );
    let (code, said) = (
        code.map_err(TemplateError::host)?,
        said.map_err(TemplateError::host)?,
    );
    let status = child.wait().await.map_err(TemplateError::host)?;
    if status.success() {
        return Ok(code);
    }
    Err(judge(status, &String::from_utf8_lossy(&said), limits))
}

/// Reads to the end; what comes after `most` bytes is thrown away, so that nobody waits.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        (&mut from).take(most).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// What the end of a child says about its component.
fn judge(status: ExitStatus, said: &str, limits: CompileLimits) -> TemplateError {
    let code = status.code().and_then(|it| u8::try_from(it).ok());
    let signal = status.signal();
    let is = |wanted: Signal| signal == Some(wanted.as_raw());
    // What Rust's standard library says when an allocation fails, and what Linux says.
    let wanted_memory =
        said.contains("memory allocation of") || said.contains("Cannot allocate memory");
    match code {
        Some(ChildFailure::INVALID) if !wanted_memory => TemplateError::Invalid {
            reason: plain(said.trim(), MAX_TOLD_BYTES),
        },
        _ if is(Signal::XCPU) => TemplateError::CompileTimeout {
            seconds: limits.processor_seconds,
        },
        // The kernel ends whoever takes the memory of the machine.
        _ if wanted_memory || is(Signal::KILL) => TemplateError::CompileMemory {
            mebibytes: limits.memory_bytes / MIB,
        },
        Some(ChildFailure::FAILED) => TemplateError::host(plain(said.trim(), MAX_TOLD_BYTES)),
        _ => TemplateError::CompileCrashed {
            how: status.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    async fn run(script: &str) -> Result<Vec<u8>, TemplateError> {
        let mut program = Command::new("/bin/sh");
        program.args(["-c", script]);
        let limits = CompileLimits {
            memory_bytes: 64 * MIB,
            processor_seconds: 7,
        };
        // More than a pipe holds.
        feed(start(program).unwrap(), limits, &[b'x'; 1 << 20]).await
    }

    #[tokio::test]
    async fn a_child_gets_the_component_and_gives_the_code() {
        assert_eq!(run("cat").await.unwrap().len(), 1 << 20);
        assert_eq!(run("wc -c").await.unwrap().trim_ascii(), b"1048576");
        assert_eq!(run("echo code").await.unwrap(), b"code\n");
    }

    #[tokio::test]
    async fn a_child_has_no_environment() {
        // A shell makes these by itself.
        let made = "unset PWD OLDPWD SHLVL _; export -p; pwd";
        assert_eq!(run(made).await.unwrap(), b"/\n");
    }

    #[tokio::test]
    async fn the_end_of_a_child_says_what_was_wrong() {
        let check = async |script: &str, expect: &str| {
            let error = run(script).await.unwrap_err().to_string();
            assert_eq!(error, expect, "{script}");
        };
        check(
            "echo 'bad magic' >&2; exit 65",
            "the component is not valid: bad magic",
        )
        .await;
        let memory = "compiling the component needed more than 64 MiB of memory";
        check("kill -KILL $$", memory).await;
        check(
            "echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$",
            memory,
        )
        .await;
        check("echo 'Cannot allocate memory' >&2; exit 65", memory).await;
        let time = "compiling the component took longer than 7 seconds";
        check("kill -XCPU $$", time).await;
        check("exit 70", "the host failed").await;
        let crashed = run("kill -SEGV $$").await.unwrap_err().to_string();
        assert!(
            crashed.starts_with("compiling the component ended the compiler"),
            "{crashed}"
        );
        // It says more than a pipe holds before it ends.
        let flood = "head -c 200000 /dev/zero | tr '\\0' e >&2; exit 65";
        let flooded = run(flood).await.unwrap_err().to_string();
        assert!(flooded.len() < 2_000, "{}", flooded.len());
    }
}
