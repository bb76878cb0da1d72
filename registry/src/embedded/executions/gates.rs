//! Gates: executions that wait for others, and the limits on how many run at once.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::met_by;
use crate::{execution::Execution, gate::Gate, job::Tag, store::StoreError};

/// Lets the earliest of those go that wait for others of their job, unless one is left that does not.
pub(super) fn open_for_next_of(connection: &Connection, job: &str) -> Result<(), StoreError> {
    let gate = Gate::job_text(job);
    let anybody = connection
        .prepare_cached(
            "SELECT 1 FROM executions INDEXED BY executions_waiting WHERE waits_for = ? LIMIT 1",
        )?
        .query_row([&gate], |_| Ok(()))
        .optional()?;
    if anybody.is_none() {
        return Ok(());
    }
    let in_the_way = connection
        .prepare_cached(
            "SELECT 1 FROM executions INDEXED BY executions_unfinished
             WHERE job_id = ? AND claimable_at IS NOT NULL AND waits_for IS NOT ? LIMIT 1",
        )?
        .query_row([job, &gate], |_| Ok(()))
        .optional()?;
    if in_the_way.is_none() {
        connection
            .prepare_cached(
                "UPDATE executions SET waits_for = NULL WHERE number = (
                     SELECT number FROM executions INDEXED BY executions_unfinished
                     WHERE job_id = ? AND claimable_at IS NOT NULL AND waits_for = ?
                     ORDER BY queued_at, number LIMIT 1)",
            )?
            .execute([job, &gate])?;
    }
    Ok(())
}

/// Lets all go that wait for a limit, because there is none any more.
pub(in crate::embedded) fn open_for_all(
    connection: &Connection,
    organisation: &str,
    gate: &Gate,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE executions INDEXED BY executions_waiting SET waits_for = NULL
             WHERE waits_for = ? AND org = ?",
        )?
        .execute([gate.to_string().as_str(), organisation])?;
    Ok(())
}

/// Gives back the places that an execution has taken within limits. The next claim gives them on.
pub(super) fn leave_places(connection: &Connection, execution: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM limit_places WHERE execution = ?")?
        .execute([execution])?;
    Ok(())
}

/// Since when somebody whom a host with these labels may run waits for a limit that has a place left.
pub(super) fn waiting_for_a_free_place(
    connection: &Connection,
    labels: &str,
) -> Result<Option<i64>, StoreError> {
    let earliest = connection
        .prepare_cached(concat!(
            "SELECT min((
                 SELECT available_at FROM executions INDEXED BY executions_waiting
                 WHERE waits_for = limits.kind || ':' || limits.name AND org = limits.org AND ",
            met_by!("?1"),
            "    ORDER BY priority DESC, available_at LIMIT 1))
             FROM concurrency_limits AS limits WHERE most > (
                 SELECT count(*) FROM limit_places AS taken WHERE taken.org = limits.org
                     AND taken.kind = limits.kind AND taken.name = limits.name)"
        ))?
        .query_row([labels], |row| row.get(0))?;
    Ok(earliest)
}

/// The limits as a claim sees them: how many places each has left.
#[derive(Default)]
pub(super) struct Places(BTreeMap<(String, String, String), i64>);

impl Places {
    /// The places that are left now.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let limits = connection
            .prepare_cached(
                "SELECT org, kind, name, most - (
                     SELECT count(*) FROM limit_places AS taken WHERE taken.org = limits.org
                         AND taken.kind = limits.kind AND taken.name = limits.name)
                 FROM concurrency_limits AS limits",
            )?
            .query_map([], |row| {
                Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
            })?
            .collect::<Result<_, _>>()?;
        Ok(Self(limits))
    }

    /// Lets so many go as there are places left within each limit, and at most `room`: the highest
    /// priority first, and within it the longest waiting. They may find another limit full. Those that
    /// a host with these labels may not run stay, so that they take nobody's turn.
    pub(super) fn open(
        &self,
        connection: &Connection,
        labels: &str,
        room: u32,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(concat!(
            "UPDATE executions SET waits_for = NULL WHERE number IN (
                 SELECT number FROM executions INDEXED BY executions_waiting
                 WHERE waits_for = ?1 AND org = ?2 AND ",
            met_by!("?4"),
            "    ORDER BY priority DESC, available_at LIMIT ?3)"
        ))?;
        for ((org, kind, name), left) in self.0.iter().filter(|(_, left)| **left > 0) {
            let gate = format!("{kind}:{name}");
            statement.execute(params![gate, org, i64::from(room).min(*left), labels])?;
        }
        Ok(())
    }

    /// Takes a place for an execution within every limit that counts it; where one is full, takes none
    /// and says at which gate it has to wait.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        execution: &Execution,
    ) -> Result<Option<Gate>, StoreError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let template = Gate::Template(execution.template_type.clone());
        let tags = execution.tags.iter().cloned().map(Gate::Tag);
        let keys: Vec<_> = std::iter::once(template)
            .chain(tags)
            .map(|gate| (self.key(execution, &gate), gate))
            .filter(|(key, _)| self.0.contains_key(key))
            .collect();
        let full = |key| self.0.get(key).is_some_and(|left| *left <= 0);
        if let Some((_, gate)) = keys.iter().find(|(key, _)| full(key)) {
            return Ok(Some(gate.clone()));
        }
        let mut statement = connection.prepare_cached(
            "INSERT OR IGNORE INTO limit_places (execution, org, kind, name) VALUES (?, ?, ?, ?)",
        )?;
        for (key, _) in keys {
            let (org, kind, name) = &key;
            let taken = statement.execute(params![execution.id.as_str(), org, kind, name])?;
            if let Some(left) = self.0.get_mut(&key) {
                *left -= i64::try_from(taken).unwrap_or(1);
            }
        }
        Ok(None)
    }

    fn key(&self, execution: &Execution, gate: &Gate) -> (String, String, String) {
        let (kind, name) = match gate {
            Gate::Job(job) => ("job", job.as_str()),
            Gate::Template(template) => ("template", template.as_str()),
            Gate::Tag(tag) => ("tag", Tag::as_str(tag)),
        };
        (
            execution.org.as_str().to_owned(),
            kind.to_owned(),
            name.to_owned(),
        )
    }
}

/// Puts an execution behind a gate.
pub(super) fn shut_out(
    connection: &Connection,
    number: i64,
    gate: &Gate,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE executions SET waits_for = ?2 WHERE number = ?1")?
        .execute(params![number, gate.to_string()])?;
    Ok(())
}
