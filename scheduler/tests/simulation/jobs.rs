//! The jobs of a history.

use std::sync::Arc;

use jiff::Timestamp;
use sandglass_registry::Job;
use sandglass_scheduler::Calendar;
use serde_json::{Value, json};

use crate::random::Random;

/// A few jobs, drawn: schedules of seconds and minutes with every term, and two that follow others.
pub(crate) fn draw(random: &mut Random, now: Timestamp) -> Vec<Job> {
    let mut jobs: Vec<Job> = (1..=random.between(2, 4))
        .map(|number| {
            let mut members = terms(random);
            members["schedule"] = match random.below(3) {
                0 => json!({"cron": "* * * * *"}),
                _ => json!({"interval_seconds": random.between(3, 90)}),
            };
            job(&format!("job_{number}"), members, now)
        })
        .collect();
    let parents = [
        json!([{"job_id": "job_1", "on": "always"}]),
        json!([
            {"job_id": "job_1"}, {"job_id": "job_2", "on": "always"}
        ]),
    ];
    for (number, parents) in parents.into_iter().enumerate() {
        let mut members = terms(random);
        members["schedule"] = json!({"type": "manual"});
        members["depends_on"] = json!({"parents": parents});
        jobs.push(job(&format!("job_child_{number}"), members, now));
    }
    jobs
}

fn terms(random: &mut Random) -> Value {
    let policies = [
        "skip",
        "buffer_one",
        "buffer_all",
        "cancel_other",
        "allow_all",
    ];
    let mut members = json!({
        "overlap_policy": random.one_of(&policies),
        "catch_up": random.one_of(&["none", "last", "all"]),
        "max_catch_up_runs": random.between(1, 20),
        "priority": random.below(10),
        "retry_policy": {
            "max_retries": random.below(3), "retry_delay_seconds": random.below(20),
            "jitter": random.happens(50),
        },
    });
    if random.happens(20) {
        members["queue_timeout_seconds"] = json!(random.between(5, 60));
    }
    members
}

fn job(id: &str, members: Value, now: Timestamp) -> Job {
    let mut all = json!({
        "_id": id, "org": "default", "name": id, "description": "",
        "template_type": "test_scheduler", "template_version": "1.0.0",
        "template_digest": "00".repeat(32), "parameters": {}, "enabled": true,
        "timeout_seconds": 60, "notifications": {}, "limits": {}, "tags": [], "grant": [],
        "created_by": "ada", "updated_by": "ada", "created_at": now, "updated_at": now,
        "last_run_at": null, "next_run_at": null, "version": 1
    });
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut job: Job = serde_json::from_value(all).unwrap();
    job.next_run_at = first_slot(&job, now);
    job
}

/// The first slot of a job that is saved at `now`.
pub(crate) fn first_slot(job: &Job, now: Timestamp) -> Option<Timestamp> {
    Calendar::compile(&job.schedule)
        .unwrap()
        .first(now)
        .unwrap()
}

/// The same job, changed by somebody.
pub(crate) fn changed(job: &Arc<Job>, random: &mut Random, now: Timestamp) -> Job {
    let mut job = (**job).clone();
    job.version = job.version.next();
    match random.below(3) {
        0 => {
            job.enabled = !job.enabled;
            job.next_run_at = match job.enabled {
                true => first_slot(&job, now),
                false => None,
            };
        }
        1 => job.next_run_at = job.next_run_at.and_then(|_| first_slot(&job, now)),
        _ => {}
    }
    job
}
