//! Templates, accounts, the audit log, backfills, calendars, limits, hosts, and the buckets of bytes.

use mongodb::bson::doc;

use super::{
    ARTIFACT_FILES, ARTIFACT_PIECES, AUDIT, AUDIT_HEADS, BACKFILLS, CALENDARS, HOSTS, Index,
    LIMITS, Plan, QUOTAS, RATES, SECRETS, SESSIONS, TEMPLATES, TOKENS, USERS, array, date, having,
    moment, one_of, text, whole_number,
};
use crate::backfill::BackfillStatus;

pub(super) fn all() -> Vec<Plan> {
    let mut plans = vec![
        Plan {
            name: TEMPLATES,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "id": text(),
                "name": text(),
                "versions": array(),
            })),
            indexes: vec![Index::on(doc! {"org": 1, "id": 1}).unique()],
        },
        Plan {
            name: USERS,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "role": text(),
                "created_at": moment(),
            })),
            indexes: vec![
                Index::on(doc! {"identity": 1})
                    .unique()
                    .only(doc! {"identity": {"$exists": true}}),
            ],
        },
        Plan {
            name: TOKENS,
            validator: Some(having(doc! {
                "_id": text(),
                "user": text(),
                "secret_digest": text(),
                "created_at": moment(),
            })),
            indexes: vec![Index::on(doc! {"user": 1})],
        },
        Plan {
            name: SECRETS,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "name": text(),
                "key_id": text(),
                "sealed": text(),
                "updated_at": moment(),
            })),
            indexes: vec![Index::on(doc! {"org": 1, "name": 1}).unique()],
        },
        Plan {
            name: AUDIT,
            validator: Some(having(doc! {
                "org": text(),
                "number": whole_number(),
                "at": moment(),
                "by": text(),
                "action": text(),
                "target": text(),
            })),
            indexes: vec![
                Index::on(doc! {"org": 1, "number": -1}),
                Index::on(doc! {"org": 1, "target": 1, "number": -1}),
                Index::on(doc! {"org": 1, "by": 1, "number": -1}),
            ],
        },
        Plan {
            name: AUDIT_HEADS,
            validator: Some(having(doc! {
                "_id": text(),
                "number": whole_number(),
                "digest": text(),
            })),
            indexes: Vec::new(),
        },
    ];
    plans.extend(scheduling());
    plans.extend(bucket("components.files", "components.chunks"));
    plans.extend(bucket(ARTIFACT_FILES, ARTIFACT_PIECES).map(expiring));
    plans
}

fn scheduling() -> [Plan; 7] {
    let words = BackfillStatus::ALL.map(BackfillStatus::as_str);
    [
        Plan {
            name: BACKFILLS,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "job_id": text(),
                "start": moment(),
                "end": moment(),
                "total": whole_number(),
                "made": whole_number(),
                "status": one_of(words),
                "created_at": date(),
            })),
            indexes: vec![
                Index::on(doc! {"status": 1, "created_at": 1, "_id": 1}),
                Index::on(doc! {"org": 1, "job_id": 1, "created_at": -1, "_id": -1}),
            ],
        },
        Plan {
            name: CALENDARS,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "name": text(),
                "timezone": text(),
                "entries": array(),
                "version": whole_number(),
            })),
            indexes: vec![Index::on(doc! {"org": 1, "name": 1})],
        },
        Plan {
            name: LIMITS,
            validator: None,
            indexes: Vec::new(),
        },
        Plan {
            name: RATES,
            validator: Some(having(doc! {
                "_id": text(),
                "uses": array(),
                "expire_at": date(),
            })),
            indexes: vec![Index::on(doc! {"expire_at": 1}).expiring()],
        },
        Plan {
            name: QUOTAS,
            validator: None,
            indexes: Vec::new(),
        },
        Plan {
            name: HOSTS,
            validator: None,
            indexes: vec![Index::on(doc! {"last_seen_at": 1})],
        },
        Plan {
            name: SESSIONS,
            validator: Some(having(doc! {
                "_id": text(),
                "sessions": array(),
                "seen_at": date(),
            })),
            indexes: Vec::new(),
        },
    ]
}

/// The same of documents that go one day.
fn expiring(mut plan: Plan) -> Plan {
    plan.indexes
        .push(Index::on(doc! {"expire_at": 1}).expiring());
    plan
}

/// The two collections of a GridFS bucket with the indexes that its specification asks for.
fn bucket(files: &'static str, chunks: &'static str) -> [Plan; 2] {
    [
        Plan {
            name: files,
            validator: None,
            indexes: vec![Index::on(doc! {"filename": 1, "uploadDate": 1})],
        },
        Plan {
            name: chunks,
            validator: None,
            indexes: vec![Index::on(doc! {"files_id": 1, "n": 1}).unique()],
        },
    ]
}
