//! The statements of the hot path look at few rows: SQLite answers them from an index.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use rusqlite::Connection;

use crate::embedded::SCHEMA;

/// Fails where the plan of a statement scans a table or sorts.
fn check(sql: &str, expect: &[&str]) {
    let file = Connection::open_in_memory().unwrap();
    for migration in SCHEMA.migrations {
        file.execute_batch(migration).unwrap();
    }
    let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let plan: Vec<String> = statement
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<Result<_, _>>()
        .unwrap();
    let plan = plan.join("; ");
    assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    for part in expect {
        assert!(plan.contains(part), "{sql}: {plan}");
    }
}

#[test]
fn hot_statements_are_answered_from_an_index() {
    check(
        "SELECT doc FROM jobs INDEXED BY jobs_due WHERE enabled = 1 AND due_at <= 1
         ORDER BY due_at, number LIMIT 10",
        &["SEARCH jobs USING INDEX jobs_due (due_at<?)"],
    );
    check(
        "SELECT doc FROM executions INDEXED BY executions_claimable
         WHERE claimable_at <= 1 AND priority = 5 AND waits_for IS NULL AND cancel_at IS NULL
         ORDER BY claimable_at, number LIMIT 10",
        &["executions_claimable (priority=? AND claimable_at<?)"],
    );
    check(
        "SELECT doc FROM executions INDEXED BY executions_claimable
         WHERE claimable_at <= 1 AND priority = 5 AND waits_for IS NULL AND cancel_at IS NULL
             AND (placement IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(placement) AS wanted
                 WHERE wanted.value NOT IN (SELECT value FROM json_each('[]'))))
         ORDER BY claimable_at, number LIMIT 10",
        &["executions_claimable (priority=? AND claimable_at<?)"],
    );
    check(
        "SELECT id FROM executions INDEXED BY executions_on_host
         WHERE execution_host = 'a' AND status = 'running' ORDER BY number LIMIT 100",
        &["executions_on_host (execution_host=?)"],
    );
    check(
        "SELECT doc FROM executions INDEXED BY executions_cancelling
         WHERE claimable_at <= 1 AND cancel_at IS NOT NULL AND claimable_at IS NOT NULL
         ORDER BY claimable_at, number LIMIT 10",
        &["executions_cancelling (claimable_at>? AND claimable_at<?)"],
    );
    check(
        "SELECT doc FROM executions INDEXED BY executions_expiring WHERE queue_deadline <= 1
         ORDER BY queue_deadline, number LIMIT 10",
        &["executions_expiring (queue_deadline<?)"],
    );
    check(
        "SELECT number FROM executions INDEXED BY executions_waiting
         WHERE waits_for = 'job:1' AND org = 'default'
         ORDER BY priority DESC, available_at LIMIT 1",
        &["executions_waiting (waits_for=?)"],
    );
    check(
        "SELECT number FROM executions INDEXED BY executions_unfinished
         WHERE job_id = 'job_1' AND claimable_at IS NOT NULL AND waits_for = 'job:job_1'
         ORDER BY queued_at, number LIMIT 1",
        &["executions_unfinished (job_id=?)"],
    );
    check(
        "SELECT count(*) FROM limit_places AS taken
         WHERE taken.org = 'default' AND taken.kind = 'tag' AND taken.name = 'a'",
        &["COVERING INDEX limit_places_by_limit"],
    );
    check(
        "DELETE FROM limit_places WHERE execution = 'exec_1'",
        &["PRIMARY KEY (execution=?)"],
    );
    check(
        "SELECT doc FROM executions INDEXED BY executions_unsettled
         WHERE unsettled = 1 ORDER BY completed_at LIMIT 10",
        &["executions_unsettled"],
    );
}
