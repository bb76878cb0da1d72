//! What follows from the end of an execution for the jobs that depend on its job.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    embedded::stored::{from_json, to_json},
    execution::{Execution, ParentExecution},
    store::{Consequence, Join, Settlement, StoreError},
};

use super::{
    firing,
    rows::{COLUMNS, SavedExecution, read_execution},
};

/// Executions that have ended and whose consequences are not stored.
pub(super) fn unsettled(connection: &Connection, limit: u32) -> Result<Vec<Execution>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM executions INDEXED BY executions_unsettled
         WHERE unsettled = 1 ORDER BY completed_at LIMIT ?"
    );
    connection
        .prepare_cached(&sql)?
        .query_and_then([limit], read_execution)?
        .collect()
}

/// Stores consequences.
pub(super) fn settle(
    connection: &Connection,
    settlements: &[Settlement],
    now: Timestamp,
) -> Result<(), StoreError> {
    for settlement in settlements {
        let changed = connection
            .prepare_cached("UPDATE executions SET unsettled = 0 WHERE id = ? AND unsettled = 1")?
            .execute([settlement.execution.as_str()])?;
        if changed == 1 {
            for consequence in &settlement.consequences {
                store(connection, consequence, now)?;
            }
        }
    }
    Ok(())
}

fn store(
    connection: &Connection,
    consequence: &Consequence,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (Consequence::Follow { child, .. } | Consequence::Skip { child, .. }) = consequence;
    if !is_job(connection, child.job_id.as_str())? {
        return Ok(());
    }
    match consequence {
        Consequence::Follow {
            child,
            join,
            overlap,
        } => {
            if let Some(mut child) = joined(connection, child, join)? {
                child.available_at = child.available_at.min(now);
                firing::place(connection, &SavedExecution::of(child)?, *overlap, now)?;
            }
            Ok(())
        }
        Consequence::Skip { child, join } => {
            let stored = SavedExecution::of((**child).clone())?.insert_unsettled(connection)?;
            if let (true, Join::WithinChain { root, .. }) = (stored, join) {
                forget(connection, child, root.as_str())?;
            }
            Ok(())
        }
    }
}

/// The child with all its parents, once those that it needs have ended as they should.
fn joined(
    connection: &Connection,
    child: &Execution,
    join: &Join,
) -> Result<Option<Execution>, StoreError> {
    let (chain, needed) = match join {
        Join::Each => return Ok(Some(child.clone())),
        Join::WithinChain { root, needed } => (root.as_str(), *needed),
        Join::Latest { needed } => ("", *needed),
    };
    if is_stored(connection, child)? {
        return Ok(None);
    }
    note_arrivals(connection, child, chain)?;
    let parents = arrivals(connection, child, chain)?;
    if parents.len() < needed as usize {
        return Ok(None);
    }
    let mut child = child.clone();
    if let Some(link) = &mut child.chain {
        link.parents = parents;
    }
    forget(connection, &child, chain)?;
    Ok(Some(child))
}

fn note_arrivals(
    connection: &Connection,
    child: &Execution,
    chain: &str,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO chain_arrivals (child, chain, parent, doc) VALUES (?, ?, ?, ?)
         ON CONFLICT (child, chain, parent) DO UPDATE SET doc = excluded.doc",
    )?;
    let parents = child.chain.iter().flat_map(|link| &link.parents);
    for parent in parents {
        let doc = to_json("parent", parent)?;
        let job = child.job_id.as_str();
        statement.execute(params![job, chain, parent.job_id.as_str(), doc])?;
    }
    Ok(())
}

fn arrivals(
    connection: &Connection,
    child: &Execution,
    chain: &str,
) -> Result<Vec<ParentExecution>, StoreError> {
    connection
        .prepare_cached(
            "SELECT doc FROM chain_arrivals WHERE child = ? AND chain = ? ORDER BY parent",
        )?
        .query_and_then([child.job_id.as_str(), chain], |row| {
            let doc: String = row.get(0)?;
            from_json("parent", &doc)
        })?
        .collect()
}

fn forget(connection: &Connection, child: &Execution, chain: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM chain_arrivals WHERE child = ? AND chain = ?")?
        .execute([child.job_id.as_str(), chain])?;
    Ok(())
}

/// Whether there is such a job, and it was not deleted meanwhile.
fn is_job(connection: &Connection, job: &str) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM jobs WHERE id = ?")?
        .query_row([job], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn is_stored(connection: &Connection, execution: &Execution) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM executions WHERE id = ?")?
        .query_row([execution.id.as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Forgets the ends of parents that a job does not have any more; all of them, where it is deleted.
pub(in crate::embedded) fn forget_former_parents(
    connection: &Connection,
    job: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM chain_arrivals WHERE child = ?1 AND parent NOT IN (
                 SELECT parent FROM job_parents JOIN jobs ON jobs.number = job_parents.job
                 WHERE jobs.id = ?1)",
        )?
        .execute([job])?;
    Ok(())
}

/// The executions of a chain.
pub(super) fn chain(
    connection: &Connection,
    organisation: &str,
    root: &str,
    limit: u32,
) -> Result<Vec<Execution>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM executions WHERE number IN (
             SELECT number FROM executions WHERE id = ?1
             UNION ALL SELECT number FROM executions WHERE chain_root = ?1)
         AND org = ?2 ORDER BY chain_root IS NOT NULL, queued_at, number LIMIT ?3"
    );
    connection
        .prepare_cached(&sql)?
        .query_and_then(params![root, organisation, limit], read_execution)?
        .collect()
}
