//! Why the host could not do what it was asked, outside of runs: a run always ends in a report.

use sandglass_contract::{Blame, GrantError, OutcomeCode};

/// The host itself cannot work.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The sandbox cannot be set up on this machine.
    #[error("the sandbox cannot be set up on this machine")]
    Engine {
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder of compiled templates cannot be used.
    #[error("the folder of compiled templates cannot be used: {folder}")]
    CacheFolder {
        /// Which folder.
        folder: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Threads cannot be started.
    #[error("the threads that run templates cannot be started")]
    Threads(#[source] std::io::Error),
}

/// A component is not a template that this host runs, or a call of it went wrong.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The component is too large.
    #[error("the component has {size} bytes; at most {maximum} are accepted")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest accepted.
        maximum: u64,
    },
    /// The bytes are something else than a component.
    #[error("this is {found}, not a WebAssembly component: {advice}")]
    NotAComponent {
        /// What it looks like.
        found: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The component is malformed, or uses features of WebAssembly that are switched off.
    #[error("the component is not valid: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The component imports what no template may have.
    #[error(
        "the component imports what this host does not offer: {}; a template may import sandglass:job@0.1 \
         and of WASI 0.2 only cli, io, clocks, random and filesystem",
        names.join(", ")
    )]
    ForbiddenImports {
        /// Names of the imports.
        names: Vec<String>,
    },
    /// The component does not export the world `template`, neither more nor less.
    #[error("the component does not export the world sandglass:job/template: {}", problems.join("; "))]
    WrongExports {
        /// What is missing, unexpected or of another type, one for each.
        problems: Vec<String>,
    },
    /// The component needs more than any run may have.
    #[error("the component needs {needed} {what}; a run has at most {maximum}")]
    TooDemanding {
        /// What it needs.
        what: &'static str,
        /// How much.
        needed: u64,
        /// How much there can be.
        maximum: u64,
    },
    /// Compiling took too long.
    #[error("compiling the component took longer than {seconds} seconds")]
    CompileTimeout {
        /// The time that it may take.
        seconds: u64,
    },
    /// Compiling took too much memory.
    #[error("compiling the component needed more than {mebibytes} MiB of memory")]
    CompileMemory {
        /// The memory that it may take.
        mebibytes: u64,
    },
    /// Compiling ended the process that compiled.
    #[error("compiling the component ended the compiler ({how})")]
    CompileCrashed {
        /// How it ended.
        how: String,
    },
    /// A function that may not have effects failed.
    #[error("the template's function {function} failed ({outcome}): {message}")]
    Call {
        /// The function.
        function: &'static str,
        /// How.
        outcome: OutcomeCode,
        /// What happened.
        message: String,
    },
    /// A function answered what breaks the contract.
    #[error("the template's function {function} gave an answer that breaks the contract: {reason}")]
    InvalidAnswer {
        /// The function.
        function: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The template asks for a capability that does not exist.
    #[error("the template's capabilities are not acceptable")]
    Grant(#[source] GrantError),
    /// The host failed.
    #[error("the host failed")]
    Host {
        /// How.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TemplateError {
    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::TooLarge { .. }
            | Self::NotAComponent { .. }
            | Self::Invalid { .. }
            | Self::ForbiddenImports { .. }
            | Self::WrongExports { .. }
            | Self::TooDemanding { .. }
            | Self::CompileTimeout { .. }
            | Self::CompileMemory { .. }
            | Self::CompileCrashed { .. }
            | Self::InvalidAnswer { .. }
            | Self::Grant(_) => Blame::Guest,
            Self::Call { outcome, .. } => outcome.blame(),
            Self::Host { .. } => Blame::Host,
        }
    }

    pub(crate) fn host(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Host {
            source: source.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: &TemplateError, blame: Blame, text: &str) {
        assert_eq!(error.blame(), blame, "{error}");
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_error_says_what_to_do_and_whose_fault_it_is() {
        check(
            &TemplateError::TooLarge {
                size: 9,
                maximum: 8,
            },
            Blame::Guest,
            "the component has 9 bytes; at most 8 are accepted",
        );
        check(
            &TemplateError::WrongExports {
                problems: vec!["`execute` is missing".to_owned()],
            },
            Blame::Guest,
            "the component does not export the world sandglass:job/template: `execute` is missing",
        );
        let call = |outcome| TemplateError::Call {
            function: "schema",
            outcome,
            message: "why".to_owned(),
        };
        check(
            &call(OutcomeCode::GuestPanic),
            Blame::Guest,
            "the template's function schema failed (guest_panic): why",
        );
        check(
            &call(OutcomeCode::HostBusy),
            Blame::Host,
            "the template's function schema failed (host_busy): why",
        );
        check(&TemplateError::host("disk"), Blame::Host, "the host failed");
    }
}
