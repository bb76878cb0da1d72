//! What changes the register: jobs that are saved or removed, and attempts that end.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sandglass_contract::{CapabilityUse, JobId};

use crate::{
    capability::{CapabilityUseDay, Day},
    embedded::stored::{count, milliseconds},
    job::Job,
    store::StoreError,
};

/// Makes the rows of a job those of its grant.
pub(in crate::embedded) fn follow(connection: &Connection, job: &Job) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE capability_register SET granted = 0 WHERE job = ?")?
        .execute([job.id.as_str()])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO capability_register (job, org, interface, operation, target, template, granted)
         VALUES (?, ?, ?, ?, ?, ?, 1)
         ON CONFLICT (job, interface, operation, target)
             DO UPDATE SET granted = 1, template = excluded.template",
    )?;
    for entry in job.grant.entries() {
        for operation in &entry.operations {
            statement.execute(params![
                job.id.as_str(),
                job.org.as_str(),
                entry.interface.as_str(),
                operation.as_str(),
                entry.target.as_str(),
                job.template_type.as_str(),
            ])?;
        }
    }
    connection
        .prepare_cached(
            "DELETE FROM capability_register
             WHERE job = ? AND granted = 0 AND used_at = 0 AND denied_at = 0",
        )?
        .execute([job.id.as_str()])?;
    Ok(())
}

/// Removes all that is known of a job.
pub(in crate::embedded) fn forget(connection: &Connection, job: &JobId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM capability_register WHERE job = ?",
        "DELETE FROM capability_uses WHERE job = ?",
    ] {
        connection.prepare_cached(sql)?.execute([job.as_str()])?;
    }
    Ok(())
}

/// Adds what an attempt of a job made of its grant that ended at `at`. Nothing is kept of a job that is
/// not there any more.
pub(in crate::embedded) fn add(
    connection: &Connection,
    job: &str,
    uses: &[CapabilityUse],
    at: Timestamp,
) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    for used in uses {
        let counted = Counted {
            job,
            used,
            day: Day::of(at),
            used_at: (used.uses > 0).then_some(at),
            denied_at: (used.denials > 0).then_some(at),
        };
        counted.store(connection)?;
    }
    connection
        .prepare_cached("DELETE FROM capability_uses WHERE day < ?")?
        .execute([Day::first(at).0])?;
    Ok(())
}

/// Adds a day as another store has counted it.
pub(in crate::embedded) fn put_day(
    connection: &Connection,
    day: CapabilityUseDay,
) -> Result<(), StoreError> {
    let used = CapabilityUse {
        operation: day.operation,
        target: day.target,
        uses: day.uses,
        denials: day.denials,
    };
    let counted = Counted {
        job: day.job.as_str(),
        used: &used,
        day: day.day,
        used_at: day.used_at,
        denied_at: day.denied_at,
    };
    counted.store(connection)
}

/// What is added to a row and to a day.
struct Counted<'a> {
    job: &'a str,
    used: &'a CapabilityUse,
    day: Day,
    used_at: Option<Timestamp>,
    denied_at: Option<Timestamp>,
}

impl Counted<'_> {
    fn store(&self, connection: &Connection) -> Result<(), StoreError> {
        let operation = self.used.operation;
        let (used_at, denied_at) = (
            self.used_at.map(milliseconds),
            self.denied_at.map(milliseconds),
        );
        connection
            .prepare_cached(
                "INSERT INTO capability_register (job, org, interface, operation, target, template,
                     granted, used_at, denied_at)
                 SELECT id, org, ?2, ?3, ?4, template_type, 0, coalesce(?5, 0), coalesce(?6, 0)
                 FROM jobs WHERE id = ?1
                 ON CONFLICT (job, interface, operation, target)
                     DO UPDATE SET used_at = max(used_at, excluded.used_at),
                                   denied_at = max(denied_at, excluded.denied_at)",
            )?
            .execute(params![
                self.job,
                operation.interface().as_str(),
                operation.as_str(),
                self.used.target,
                used_at,
                denied_at,
            ])?;
        connection
            .prepare_cached(
                "INSERT INTO capability_uses (job, org, interface, operation, target, day, uses,
                     denials, used_at, denied_at)
                 SELECT id, org, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM jobs WHERE id = ?1
                 ON CONFLICT (job, interface, operation, target, day)
                     DO UPDATE SET uses = uses + excluded.uses,
                         denials = denials + excluded.denials,
                         used_at = max(coalesce(used_at, excluded.used_at),
                                       coalesce(excluded.used_at, used_at)),
                         denied_at = max(coalesce(denied_at, excluded.denied_at),
                                         coalesce(excluded.denied_at, denied_at))",
            )?
            .execute(params![
                self.job,
                operation.interface().as_str(),
                operation.as_str(),
                self.used.target,
                self.day.0,
                count(self.used.uses),
                count(self.used.denials),
                used_at,
                denied_at,
            ])?;
        Ok(())
    }
}
