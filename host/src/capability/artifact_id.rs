//! What an artifact is found by, and the names that artifacts may have.

use std::{fmt, str::FromStr};

use object_store::path::Path;
use sandglass_contract::{ExecutionId, text::is_misleading};

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 128;
const ROOT: &str = "runs";

/// Finds one artifact: `<execution>:<attempt>:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactId {
    execution: ExecutionId,
    attempt: u32,
    name: String,
}

/// A text that finds no artifact, or a name that no artifact can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactIdError {
    /// The text does not have the three parts.
    #[error("an artifact's id is <execution>:<attempt>:<name>")]
    Malformed,
    /// The name breaks the rule.
    #[error(
        "an artifact's name is a file name of 1 to {MAX_NAME_BYTES} bytes that does not begin with a dot \
         and has no slash, backslash, colon, control character or character that turns the text around"
    )]
    Name,
}

impl ArtifactId {
    /// The artifact `name` of one attempt of an execution.
    ///
    /// # Errors
    /// Where no artifact can have that name.
    pub fn new(
        execution: ExecutionId,
        attempt: u32,
        name: impl Into<String>,
    ) -> Result<Self, ArtifactIdError> {
        let name = name.into();
        let plain = !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && !name.starts_with('.')
            && !name.contains(|c: char| is_misleading(c) || matches!(c, '/' | '\\' | ':'));
        if !plain {
            return Err(ArtifactIdError::Name);
        }
        Ok(Self {
            execution,
            attempt,
            name,
        })
    }

    /// The execution that wrote it.
    #[must_use]
    pub const fn execution(&self) -> &ExecutionId {
        &self.execution
    }

    /// Its file name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies in the object store.
    #[must_use]
    pub fn path(&self) -> Path {
        let attempt = self.attempt.to_string();
        Path::from_iter([ROOT, self.execution.as_str(), &attempt, &self.name])
    }
}

impl fmt::Display for ArtifactId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.execution, self.attempt, self.name
        )
    }
}

impl FromStr for ArtifactId {
    type Err = ArtifactIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || ArtifactIdError::Malformed;
        let (execution, rest) = text.split_once(':').ok_or_else(malformed)?;
        let (attempt, name) = rest.split_once(':').ok_or_else(malformed)?;
        let execution = execution.parse().map_err(|_| malformed())?;
        let attempt = attempt.parse().map_err(|_| malformed())?;
        Self::new(execution, attempt, name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id: ArtifactId = "job_1@17000:2:Report of Müller.csv".parse().unwrap();
        assert_eq!(id.to_string(), "job_1@17000:2:Report of Müller.csv");
        assert!(id.path().to_string().starts_with("runs/job_1@17000/2/"));
        assert_eq!(id.path().parts_count(), 4);
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        let check = |text: &str, expect: ArtifactIdError| {
            assert_eq!(text.parse::<ArtifactId>(), Err(expect), "{text:?}");
        };
        check("", ArtifactIdError::Malformed);
        check("a.csv", ArtifactIdError::Malformed);
        check("exec_1:x:a.csv", ArtifactIdError::Malformed);
        check("../x:1:a.csv", ArtifactIdError::Malformed);
        for name in [
            "",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a:b",
            "a\nb",
            "a\0",
            "a\u{202e}b",
        ] {
            check(&format!("exec_1:1:{name}"), ArtifactIdError::Name);
        }
        check(
            &format!("exec_1:1:{}", "a".repeat(129)),
            ArtifactIdError::Name,
        );
    }
}
