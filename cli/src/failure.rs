//! Why a command failed: told in one line, with its causes and what to do, and as an exit code.

use std::{fmt, process::ExitCode};

/// The exit code of a command that failed. A command that did what it was asked ends with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 1: something went wrong while it worked.
    Failed,
    /// 2: an argument, a variable or a setting is not valid. Nothing was done.
    Usage,
    /// 3: what the command was to work on is not there.
    NotFound,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
        })
    }
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    advice: Option<String>,
}

impl Failure {
    /// A failure with that exit code.
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
            advice: None,
        }
    }

    /// A failure that `text` says everything about.
    pub(crate) fn saying(exit: Exit, text: impl Into<String>) -> Self {
        Self::new(exit, anyhow::Error::msg(text.into()))
    }

    /// The failure, with what to do about it.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Whether one of its causes is of a kind.
    pub(crate) fn was_caused_by(
        &self,
        is_of_the_kind: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
    ) -> bool {
        self.error.chain().any(is_of_the_kind)
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.error)?;
        for cause in self.error.chain().skip(1) {
            write!(formatter, "\n  because: {cause}")?;
        }
        match &self.advice {
            Some(advice) => write!(formatter, "\n  to do: {advice}"),
            None => Ok(()),
        }
    }
}

/// Turns errors into failures.
pub(crate) trait OrFail<T> {
    /// The value, or a failure while `doing` something.
    fn or_fail(self, doing: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_fail(self, doing: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| {
            let error = error.into().context(format!("{doing} failed"));
            Failure::new(Exit::Failed, error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_causes_and_what_to_do() {
        let disk = Err::<(), _>(std::io::Error::other("disk full"));
        let failure = disk.or_fail("writing the file").err();
        let told = failure.map(|it| it.advise("make room").to_string());
        let expect = "error: writing the file failed\n  because: disk full\n  to do: make room";
        assert_eq!(told.as_deref(), Some(expect));
    }
}
