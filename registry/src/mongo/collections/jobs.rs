//! Jobs and what they were at each version.

use mongodb::bson::doc;

use super::{EPOCH, Index, JOBS, Plan, REVISIONS, boolean, having, object, text, whole_number};

pub(super) fn jobs() -> Plan {
    Plan {
        name: JOBS,
        validator: Some(having(doc! {
            "_id": text(),
            "org": text(),
            "name": text(),
            "template_type": text(),
            "template_version": text(),
            "parameters": object(),
            "schedule": object(),
            "enabled": boolean(),
            "version": whole_number(),
        })),
        indexes: vec![
            Index::on(doc! {"due_at": 1, "_id": 1})
                .only(doc! {"enabled": true, "due_at": {"$gt": EPOCH}}),
            Index::on(doc! {"org": 1, "created_at": -1, "_id": -1}),
            Index::on(doc! {"org": 1, "template_type": 1, "created_at": -1, "_id": -1}),
            Index::on(doc! {"depends_on.parents.job_id": 1}),
            Index::on(doc! {"blackout_calendars": 1}),
            Index::on(doc! {"tags": 1}),
        ],
    }
}

pub(super) fn revisions() -> Plan {
    Plan {
        name: REVISIONS,
        validator: Some(having(doc! {"_id": text(), "org": text(), "job": text()})),
        indexes: vec![Index::on(doc! {"org": 1, "job": 1})],
    }
}
