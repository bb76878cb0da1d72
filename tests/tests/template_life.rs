//! The life of a template: uploaded, compared, approved or rejected by somebody else, retired.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use sandglass_contract::Digest;
use sandglass_tests::{Answer, Client, Server, WatTemplate};
use serde_json::{Value, json};

const TEMPLATES: &str = "/api/admin/job-templates";
const JOBS: &str = "/api/admin/scheduler-jobs";
const WASM: [(&str, &str); 1] = [("content-type", "application/wasm")];

/// The schema of a template whose parameters name a collection, and only one of these.
fn collection_of(names: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": {"collection": {"type": "string", "enum": names}},
        "required": ["collection"],
    })
}

/// Counts in `users`.
fn first() -> WatTemplate {
    WatTemplate {
        schema: collection_of(&["users", "logs"]),
        capabilities: vec![("database", "users".to_owned(), "count")],
        imports_database: true,
        ..WatTemplate::new("counter", "1.0.0")
    }
}

struct Place {
    server: Server,
    admin: Client,
    author: Client,
}

impl Place {
    fn start() -> Self {
        let (server, author) = Server::start_with_author();
        let admin = server.client();
        Self {
            server,
            admin,
            author,
        }
    }

    fn upload(&self, template: &WatTemplate) -> Digest {
        let component = template.component();
        let answer = self.author.send("POST", TEMPLATES, &WASM, &component);
        let uploaded = answer.expect(201).body;
        assert_eq!(uploaded["status"], "pending");
        let digest = Digest::of(&component);
        assert_eq!(uploaded["digest"], digest.to_string());
        digest
    }

    fn approved(&self, template: &WatTemplate) -> Digest {
        let digest = self.upload(template);
        let _ = self
            .admin
            .post(&decision(&digest, "approve"), &json!({}))
            .expect(200);
        digest
    }

    fn job(&self, name: &str, members: &Value) -> Answer {
        let mut job = json!({
            "name": name, "template_type": "counter", "schedule": {"type": "manual"},
            "parameters": {"collection": "logs"},
        });
        for (member, value) in members.as_object().unwrap() {
            job[member] = value.clone();
        }
        self.admin.post(JOBS, &job)
    }
}

fn version(digest: &Digest) -> String {
    format!("{TEMPLATES}/counter/versions/{digest}")
}

fn decision(digest: &Digest, what: &str) -> String {
    format!("{}/{what}", version(digest))
}

fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (status, Some(code)),
        "{:#}",
        answer.body
    );
}

#[test]
fn a_version_is_decided_about_by_somebody_else_and_for_a_reason() {
    let place = Place::start();
    let (admin, author) = (&place.admin, &place.author);
    let digest = place.upload(&first());
    let reason = json!({"reason": "It was read"});
    for what in ["approve", "reject", "retire"] {
        let answer = author.post(&decision(&digest, what), &reason);
        check(&answer, 403, "OWN_UPLOAD");
    }
    check(&place.job("early", &json!({})), 422, "INVALID_JOB");
    let retired = admin.post(&decision(&digest, "retire"), &reason);
    check(&retired, 409, "ALREADY_DECIDED");
    for body in [json!({}), json!({"reason": ""}), json!({"reason": 1})] {
        let answer = admin.post(&decision(&digest, "reject"), &body);
        check(&answer, 422, "INVALID_BODY");
    }
    let approved = admin.post(&decision(&digest, "approve"), &reason);
    let approved = approved.expect(200).body;
    assert_eq!(approved["version"]["status"], "approved");
    let again = admin.post(&decision(&digest, "approve"), &json!({}));
    assert_eq!(again.expect(200).body["version"], approved["version"]);
    let rejected = admin.post(&decision(&digest, "reject"), &reason);
    check(&rejected, 409, "ALREADY_DECIDED");

    let other = place.upload(&WatTemplate {
        version: "1.1.0".to_owned(),
        ..first()
    });
    let rejected = admin.post(&decision(&other, "reject"), &json!({"reason": "too wide"}));
    assert_eq!(rejected.expect(200).body["version"]["status"], "rejected");
    let answer = admin.post(&decision(&other, "approve"), &json!({}));
    check(&answer, 409, "ALREADY_DECIDED");

    let listed = admin.get(&format!("{TEMPLATES}/counter/versions"));
    let listed = listed.expect(200).body;
    let decisions: Vec<_> = listed["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let decided = &it["decisions"][0];
            let members = ["ruling", "by", "reason"].map(|member| decided[member].clone());
            (it["version"].clone(), members)
        })
        .collect();
    let by = |ruling: &str, reason: &str| [json!(ruling), json!("admin"), json!(reason)];
    assert_eq!(
        decisions,
        [
            (json!("1.0.0"), by("approved", "It was read")),
            (json!("1.1.0"), by("rejected", "too wide"))
        ]
    );
    let one = admin.get(&version(&digest)).expect(200).body;
    assert_eq!(one["version"], listed["versions"][0]);
    assert_eq!(one["parameters_schema"], first().schema);
    let missing = Digest::of(b"nothing");
    check(&admin.get(&version(&missing)), 404, "NOT_FOUND");

    let log = admin.get("/api/admin/audit-log?limit=200").expect(200).body;
    let lines: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["target"] == "counter")
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    for action in [
        "template_uploaded",
        "template_approved",
        "template_rejected",
    ] {
        assert!(lines.contains(&action), "{action}: {lines:?}");
    }
}

#[test]
fn a_job_keeps_its_version_until_it_is_moved() {
    let place = Place::start();
    let admin = &place.admin;
    let old = place.approved(&first());
    let id = place.job("kept", &json!({})).expect(201).body["job"]["_id"].clone();
    let path = format!("{JOBS}/{}", id.as_str().unwrap());
    let new = place.approved(&WatTemplate {
        version: "1.1.0".to_owned(),
        ..first()
    });
    let has = |body: &Value, digest: &Digest| {
        assert_eq!(body["job"]["template_digest"], digest.to_string());
    };
    has(&admin.get(&path).expect(200).body, &old);
    let renamed = admin.put(&path, &json!({"description": "still here"}));
    has(&renamed.expect(200).body, &old);
    let pinned = place.job("pinned", &json!({"template_digest": old.to_string()}));
    has(&pinned.expect(201).body, &old);
    has(&place.job("new", &json!({})).expect(201).body, &new);

    let retire = json!({"reason": "1.1.0 takes its place"});
    let retired = admin.post(&decision(&old, "retire"), &retire);
    assert_eq!(retired.expect(200).body["version"]["status"], "retired");
    let kept = admin.put(&path, &json!({"description": "and goes on"}));
    has(&kept.expect(200).body, &old);
    let ended = admin.run_job(id.as_str().unwrap(), &json!({}));
    assert_eq!(ended["status"], "success", "{ended:#}");
    let refused = place.job("late", &json!({"template_digest": old.to_string()}));
    check(&refused, 422, "INVALID_JOB");
    assert_eq!(refused.body["errors"][0]["pointer"], "/template_digest");
    let both = json!({"template_digest": new.to_string(), "template_version": "1.0.0"});
    check(&place.job("both", &both), 422, "INVALID_JOB");

    let moved = admin.put(&path, &json!({"template_digest": new.to_string()}));
    let moved = moved.expect(200).body;
    has(&moved, &new);
    assert_eq!(moved["job"]["template_version"], "1.1.0");
    let back = admin.put(&path, &json!({"template_digest": old.to_string()}));
    check(&back, 422, "INVALID_JOB");
}

#[test]
fn a_reviewer_sees_what_a_version_can_do_beside_and_what_it_would_break() {
    let place = Place::start();
    let admin = &place.admin;
    let plain = WatTemplate {
        capabilities: Vec::new(),
        imports_database: false,
        ..first()
    };
    let old = place.approved(&plain);
    let _ = place.job("breaks", &json!({})).expect(201);
    let users = json!({"parameters": {"collection": "users"}});
    let _ = place.job("widens", &users).expect(201);
    let new = place.upload(&WatTemplate {
        version: "2.0.0".to_owned(),
        schema: collection_of(&["users"]),
        ..first()
    });
    let diff = admin.get(&decision(&new, "diff")).expect(200).body;
    let redacted = |value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap();
        text.replace(&old.to_string(), "OLD")
            .replace(&new.to_string(), "NEW")
    };
    let mut shown = diff.clone();
    assert!(shown["size_change"].as_i64().unwrap() > 0);
    shown["size_change"] = json!("SIZE");
    for side in ["before", "after"] {
        shown[side]["size"] = json!("SIZE");
    }
    insta::assert_snapshot!("diff", redacted(&shown));
    let against = format!("{}?against={new}", decision(&old, "diff"));
    let back = admin.get(&against).expect(200).body;
    assert_eq!(back["widens"], false);
    assert_eq!(back["imports"]["removed"], diff["imports"]["added"]);
    let same = format!("{}?against={new}", decision(&new, "diff"));
    assert_eq!(
        admin.get(&same).expect(200).body["schema"]["changes"],
        json!([])
    );

    let mut found = admin.get(&decision(&new, "check")).expect(200).body;
    for list in ["broken", "regranted"] {
        for job in found[list].as_array_mut().unwrap() {
            job["job_id"] = json!("JOB");
        }
    }
    insta::assert_snapshot!("check", redacted(&found));

    let refusing = place.upload(&WatTemplate {
        version: "2.1.0".to_owned(),
        issue: Some("no_such_thing"),
        ..plain
    });
    let found = admin.get(&decision(&refusing, "check")).expect(200).body;
    assert_eq!(found["looked_at"], 2);
    let broken = found["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 2);
    assert_eq!(broken[0]["problems"][0]["code"], "no_such_thing");
    assert_eq!(
        broken[0]["problems"][0]["pointer"],
        "/parameters/collection"
    );
    drop(place.server);
}
