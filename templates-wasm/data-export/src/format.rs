//! Documents, one after another, in one of the formats.

use std::io::Write;

use sandglass_sdk::{ArtifactSink, ArtifactWriter, Host, JobError};
use serde_json::Value;

use crate::parameters::{Format, Parameters};
use crate::table::TableWriter;

/// Writes documents into an artifact.
pub(crate) enum DocumentWriter<S: ArtifactSink> {
    Csv(Box<TableWriter<S>>),
    Json {
        out: ArtifactWriter<S>,
        separator: &'static str,
    },
    JsonLines(ArtifactWriter<S>),
}

impl<S: ArtifactSink> DocumentWriter<S> {
    pub(crate) fn start(
        parameters: &Parameters,
        mut out: ArtifactWriter<S>,
    ) -> Result<Self, JobError> {
        Ok(match parameters.format {
            Format::Csv => Self::Csv(Box::new(TableWriter::start(parameters, out)?)),
            Format::Json => {
                out.write_all(b"[")?;
                Self::Json {
                    out,
                    separator: "\n",
                }
            }
            Format::JsonLines => Self::JsonLines(out),
        })
    }

    pub(crate) fn write(&mut self, host: &impl Host, document: &Value) -> Result<(), JobError> {
        match self {
            Self::Csv(table) => table.write(host, document)?,
            Self::Json { out, separator } => {
                write!(out, "{separator}{document}")?;
                *separator = ",\n";
            }
            Self::JsonLines(out) => writeln!(out, "{document}")?,
        }
        Ok(())
    }

    /// Writes what closes the file, and gives back the artifact for closing.
    pub(crate) fn finish(self) -> Result<ArtifactWriter<S>, JobError> {
        match self {
            Self::Csv(table) => table.finish(),
            Self::Json { mut out, .. } => {
                out.write_all(b"\n]\n")?;
                Ok(out)
            }
            Self::JsonLines(out) => Ok(out),
        }
    }
}
