//! Pages of the register, and days for an archive.

use rusqlite::{Connection, Row, params};
use sandglass_contract::{Interface, JobId, Operation, OrganisationId};
use serde::de::DeserializeOwned;

use crate::{
    capability::{CapabilityUseDay, Day, RegisterQuery, RegisterRow, UseState, parts},
    embedded::{
        selection::Selection,
        stored::{corrupt, counted, milliseconds, moment, optional_moment},
    },
    page::Page,
    scope::Scope,
    store::StoreError,
};

/// What an error names.
const ROW: &str = "register row";
/// The columns that [`read_day`] needs.
pub(in crate::embedded) const COLUMNS: &str =
    "org, job, operation, target, day, uses, denials, used_at, denied_at";
/// The columns that a row of the register is read from.
const ROW_COLUMNS: &str = "job, interface, operation, target, granted, used_at, denied_at";
const ORDER: &str = "interface, operation, target, job";

/// A page of the register.
pub(super) fn page(
    connection: &Connection,
    scope: &Scope,
    query: &RegisterQuery,
) -> Result<Page<RegisterRow>, StoreError> {
    let selections = UseState::ALL.map(|state| selection(scope, query, state));
    let mut counts = [0; 3];
    for (count, selection) in counts.iter_mut().zip(&selections) {
        *count = match selection {
            Some(selection) => selection.count(connection)?,
            None => 0,
        };
    }
    let mut rows = Vec::new();
    let listed = UseState::ALL.into_iter().zip(&selections);
    for ((state, selection), (skip, take)) in listed.zip(parts(counts, query.page)) {
        if let Some(selection) = selection
            && take > 0
        {
            let read = |row: &Row<'_>| read_row(row, state, query);
            rows.extend(selection.part(connection, ROW_COLUMNS, ORDER, skip, take, read)?);
        }
    }
    for row in &mut rows {
        add_counts(connection, row, Day::first(query.now))?;
    }
    let total = counts.iter().sum();
    Ok(Page::new(query.page, rows, total))
}

/// The rows in one state, unless another is asked for.
fn selection(scope: &Scope, query: &RegisterQuery, state: UseState) -> Option<Selection> {
    if query.state.is_some_and(|wanted| wanted != state) {
        return None;
    }
    let mut selection = Selection::of("capability_register", scope.organisation().as_str());
    let texts = [
        ("interface = ?", query.interface.map(Interface::as_str)),
        ("operation = ?", query.operation.map(Operation::as_str)),
        ("job = ?", query.job.as_ref().map(JobId::as_str)),
        (
            "template = ?",
            query.template.as_ref().map(|it| it.as_str()),
        ),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            selection.narrow(condition, [value.to_owned()]);
        }
    }
    if let Some(targets) = &query.targets {
        let places = vec!["?"; targets.len()].join(", ");
        selection.narrow(&format!("target IN ({places})"), targets.iter().cloned());
    }
    let since = milliseconds(Day::first(query.now).begin());
    match state {
        UseState::Denied => selection.narrow("denied_at >= ? AND denied_at > 0", [since]),
        UseState::Unused => selection.narrow(
            "granted = 1 AND denied_at < ? AND used_at < ?",
            [since, since],
        ),
        UseState::Used => selection.narrow("denied_at < ? AND used_at >= ?", [since, since]),
    }
    Some(selection)
}

fn read_row(
    row: &Row<'_>,
    state: UseState,
    query: &RegisterQuery,
) -> Result<RegisterRow, StoreError> {
    let since = Day::first(query.now).begin();
    let recent = |column: &str| {
        let at = moment(row.get(column)?)?;
        Ok::<_, StoreError>(Some(at).filter(|at| *at >= since))
    };
    Ok(RegisterRow {
        job: job(row)?,
        interface: word(row, "interface")?,
        operation: word(row, "operation")?,
        target: row.get("target")?,
        granted: row.get("granted")?,
        state,
        uses: 0,
        used_at: recent("used_at")?,
        denials: 0,
        denied_at: recent("denied_at")?,
    })
}

fn add_counts(
    connection: &Connection,
    row: &mut RegisterRow,
    first: Day,
) -> Result<(), StoreError> {
    let sums = connection
        .prepare_cached(
            "SELECT coalesce(sum(uses), 0) AS uses, coalesce(sum(denials), 0) AS denials
             FROM capability_uses
             WHERE job = ? AND interface = ? AND operation = ? AND target = ? AND day >= ?",
        )?
        .query_and_then(
            params![
                row.job.as_str(),
                row.interface.as_str(),
                row.operation.as_str(),
                row.target,
                first.0,
            ],
            |sums| Ok::<_, StoreError>((counted(sums, "uses")?, counted(sums, "denials")?)),
        )?
        .next()
        .transpose()?;
    (row.uses, row.denials) = sums.unwrap_or_default();
    Ok(())
}

/// A day for an archive.
pub(in crate::embedded) fn read_day(row: &Row<'_>) -> Result<CapabilityUseDay, StoreError> {
    let org: String = row.get("org")?;
    Ok(CapabilityUseDay {
        org: OrganisationId::parse(org).map_err(|source| corrupt(ROW, source))?,
        job: job(row)?,
        operation: word(row, "operation")?,
        target: row.get("target")?,
        day: Day(row.get("day")?),
        uses: counted(row, "uses")?,
        denials: counted(row, "denials")?,
        used_at: optional_moment(row, "used_at")?,
        denied_at: optional_moment(row, "denied_at")?,
    })
}

fn job(row: &Row<'_>) -> Result<JobId, StoreError> {
    let id: String = row.get("job")?;
    JobId::parse(id).map_err(|source| corrupt(ROW, source))
}

/// The interface or operation that a column names.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, StoreError> {
    let word: String = row.get(column)?;
    serde_json::from_value(word.into()).map_err(|source| corrupt(ROW, source))
}
