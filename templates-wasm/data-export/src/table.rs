//! Documents as rows of a CSV file.

use std::borrow::Cow;

use sandglass_sdk::documents::{lookup, text_of};
use sandglass_sdk::{ArtifactSink, ArtifactWriter, Host, JobError, info};
use serde_json::Value;

use crate::parameters::Parameters;

/// Writes rows. Nested values are JSON, a field that a document lacks is an empty cell.
pub(crate) struct TableWriter<S: ArtifactSink> {
    rows: csv::Writer<ArtifactWriter<S>>,
    columns: Columns,
    formulas: Formulas,
}

/// Where the columns come from.
enum Columns {
    /// The first document that comes.
    FirstDocument,
    /// Paths that the parameters name.
    Paths(Vec<String>),
    /// The field names of the first document. They may hold dots, so they are no paths.
    Names(Vec<String>),
}

/// What becomes of cells that a spreadsheet would take for a formula.
#[derive(Clone, Copy)]
enum Formulas {
    Escape,
    Keep,
}

impl<S: ArtifactSink> TableWriter<S> {
    /// Starts the file, with the header where the fields are given.
    pub(crate) fn start(parameters: &Parameters, out: ArtifactWriter<S>) -> Result<Self, JobError> {
        let formulas = if parameters.escape_formulas {
            Formulas::Escape
        } else {
            Formulas::Keep
        };
        let columns = if parameters.fields.is_empty() {
            Columns::FirstDocument
        } else {
            Columns::Paths(parameters.fields.clone())
        };
        let mut table = Self {
            rows: csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .buffer_capacity(8 * 1024)
                .from_writer(out),
            columns,
            formulas,
        };
        table.write_row(&parameters.fields)?;
        Ok(table)
    }

    pub(crate) fn write(&mut self, host: &impl Host, document: &Value) -> Result<(), JobError> {
        if let (Columns::FirstDocument, Value::Object(fields)) = (&self.columns, document) {
            let names: Vec<String> = fields.keys().cloned().collect();
            info!(host, columns = names.join(", ");
                "No fields are given: the columns are those of the first document");
            self.write_row(&names)?;
            self.columns = Columns::Names(names);
        }
        let cell = |value: Option<&Value>| {
            value.map_or_else(String::new, |value| text_of(value).into_owned())
        };
        let cells: Vec<String> = match &self.columns {
            Columns::FirstDocument => Vec::new(),
            Columns::Paths(paths) => paths
                .iter()
                .map(|path| cell(lookup(document, path)))
                .collect(),
            Columns::Names(names) => names.iter().map(|name| cell(document.get(name))).collect(),
        };
        self.write_row(&cells)
    }

    pub(crate) fn finish(self) -> Result<ArtifactWriter<S>, JobError> {
        self.rows
            .into_inner()
            .map_err(|error| JobError::from(error.into_error()))
    }

    fn write_row(&mut self, cells: &[String]) -> Result<(), JobError> {
        if cells.is_empty() {
            return Ok(());
        }
        let safe = cells.iter().map(|cell| match self.formulas {
            Formulas::Escape => escape_formula(cell),
            Formulas::Keep => Cow::Borrowed(cell.as_str()),
        });
        self.rows
            .write_record(safe.map(Cow::into_owned))
            .map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(error) => error.into(),
                other => JobError::permanent(format!("cannot write a row: {other:?}")),
            })
    }
}

/// Spreadsheets compute cells that begin with one of these characters (OWASP, "CSV Injection").
fn escape_formula(cell: &str) -> Cow<'_, str> {
    let computed = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if computed && !cell.parse::<f64>().is_ok_and(f64::is_finite) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_spreadsheet_would_compute_is_escaped() {
        for (cell, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+cmd", "'+cmd"),
            ("-5", "-5"),
            ("+4.5e3", "+4.5e3"),
            ("-5+2", "'-5+2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(escape_formula(cell), expected);
        }
    }
}
