//! Executions, and what they leave behind.

use mongodb::bson::doc;

use super::{
    ARRIVALS, EPOCH, EXECUTIONS, Index, JOURNAL, LOGS, Plan, array, date, having, moment, one_of,
    text, whole_number,
};
use crate::execution::ExecutionStatus;

pub(super) fn all() -> [Plan; 4] {
    [executions(), arrivals(), logs(), journal()]
}

fn executions() -> Plan {
    let unfinished = || doc! {"unfinished": true};
    let words = ExecutionStatus::ALL.map(ExecutionStatus::as_str);
    Plan {
        name: EXECUTIONS,
        validator: Some(having(doc! {
            "_id": text(),
            "org": text(),
            "job_id": text(),
            "job_name": text(),
            "job_version": whole_number(),
            "template_type": text(),
            "template_version": text(),
            "status": one_of(words),
            "scheduled_for": moment(),
            "queued_at": date(),
            "available_at": date(),
            "attempt": whole_number(),
            "attempts": array(),
            "fence": whole_number(),
            "triggered_by": text(),
        })),
        indexes: vec![
            Index::on(doc! {
                "status": 1, "waits_for": 1, "priority": -1, "claimable_at": 1, "_id": 1,
            })
            .only(unfinished()),
            Index::on(doc! {"status": 1, "claimable_at": 1}).only(unfinished()),
            Index::on(doc! {"claimable_at": 1})
                .only(doc! {"unfinished": true, "cancel_requested.by": {"$gt": ""}}),
            Index::on(doc! {"job_id": 1, "queued_at": 1, "_id": 1}).only(unfinished()),
            Index::on(doc! {"waits_for": 1, "priority": -1, "available_at": 1, "_id": 1})
                .only(doc! {"waits_for": {"$gt": ""}}),
            Index::on(doc! {"waits_for": 1, "queued_at": 1, "_id": 1})
                .only(doc! {"waits_for": {"$gt": ""}}),
            Index::on(doc! {"waits_until": 1, "_id": 1}).only(doc! {"waits_until": {"$gt": EPOCH}}),
            Index::on(doc! {"completed_at": 1, "_id": 1}).only(doc! {"unsettled": true}),
            Index::on(doc! {"lets_go": 1}).only(doc! {"lets_go": {"$gt": EPOCH}}),
            Index::on(doc! {"org": 1, "queued_at": -1, "_id": -1}),
            Index::on(doc! {"org": 1, "job_id": 1, "queued_at": -1, "_id": -1}),
            Index::on(doc! {"org": 1, "status": 1, "queued_at": -1, "_id": -1}),
            Index::on(doc! {"chain.root": 1, "queued_at": 1, "_id": 1})
                .only(doc! {"chain.root": {"$gt": ""}}),
            Index::on(doc! {"backfill_id": 1, "queued_at": -1, "_id": -1})
                .only(doc! {"backfill_id": {"$gt": ""}}),
            Index::on(doc! {"execution_host": 1}).only(doc! {"status": "running"}),
            Index::on(doc! {"expire_at": 1}).expiring(),
        ],
    }
}

fn arrivals() -> Plan {
    Plan {
        name: ARRIVALS,
        validator: None,
        indexes: vec![Index::on(doc! {"child": 1})],
    }
}

fn logs() -> Plan {
    Plan {
        name: LOGS,
        validator: Some(having(doc! {
            "_id": text(),
            "execution": text(),
            "seq": whole_number(),
        })),
        indexes: vec![
            Index::on(doc! {"execution": 1, "seq": 1}).unique(),
            Index::on(doc! {"expire_at": 1}).expiring(),
        ],
    }
}

fn journal() -> Plan {
    Plan {
        name: JOURNAL,
        validator: Some(having(doc! {
            "_id": text(),
            "execution": text(),
            "attempt": whole_number(),
            "seq": whole_number(),
        })),
        indexes: vec![
            Index::on(doc! {"execution": 1, "attempt": 1, "seq": 1}),
            Index::on(doc! {"expire_at": 1}).expiring(),
        ],
    }
}
