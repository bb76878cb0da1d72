//! Policies, the register of capabilities, and what jobs made of their grants.

use mongodb::bson::doc;

use super::{
    Index, POLICIES, Plan, REGISTER, USES, boolean, date, having, object, text, whole_number,
};

pub(super) fn all() -> [Plan; 3] {
    [
        Plan {
            name: POLICIES,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "policy": object(),
                "version": whole_number(),
            })),
            indexes: Vec::new(),
        },
        Plan {
            name: REGISTER,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "job": text(),
                "template": text(),
                "interface": text(),
                "operation": text(),
                "target": text(),
                "granted": boolean(),
                "used_at": date(),
                "denied_at": date(),
            })),
            indexes: vec![
                Index::on(doc! {"job": 1}),
                Index::on(doc! {
                    "org": 1, "interface": 1, "operation": 1, "target": 1, "job": 1,
                }),
                Index::on(doc! {"org": 1, "denied_at": 1}),
            ],
        },
        Plan {
            name: USES,
            validator: Some(having(doc! {
                "_id": text(),
                "org": text(),
                "job": text(),
                "operation": text(),
                "target": text(),
                "day": whole_number(),
                "uses": whole_number(),
                "denials": whole_number(),
            })),
            indexes: vec![Index::on(doc! {"job": 1, "day": 1})],
        },
    ]
}
