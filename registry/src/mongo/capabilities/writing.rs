//! What changes the register: jobs that are saved or removed, and attempts that end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use sandglass_contract::{JobId, Operation, OrganisationId};

use crate::{
    capability::{CapabilityUseDay, Day},
    job::Job,
    mongo::{
        batch::Statement,
        collections::{EPOCH, JOBS, REGISTER, USES},
        executions::text,
        reading::Read,
        stored::{corrupt, count, date},
        transaction::Transaction,
    },
    store::{Ending, StoreError},
};

/// Makes the rows of a job those of its grant.
pub(in crate::mongo) async fn follow(
    transaction: &mut Transaction,
    job: &Job,
) -> Result<(), StoreError> {
    let of_job = || doc! {"job": job.id.as_str()};
    let none = doc! {"$set": {"granted": false}};
    transaction.update(REGISTER, of_job(), none).await?;
    let granted = granted(job);
    if !granted.is_empty() {
        transaction.update_all(REGISTER, granted).await?;
    }
    let mut idle = of_job();
    idle.extend(doc! {"granted": false, "used_at": EPOCH, "denied_at": EPOCH});
    transaction.delete(REGISTER, idle).await?;
    Ok(())
}

/// The rows of what a job's grant has.
pub(super) fn granted(job: &Job) -> Vec<Statement> {
    let mut statements = Vec::new();
    for entry in job.grant.entries() {
        for operation in &entry.operations {
            let row = Row {
                org: job.org.as_str(),
                job: job.id.as_str(),
                template: job.template_type.as_str(),
                operation: *operation,
                target: entry.target.as_str(),
            };
            let mut made = row.members();
            made.extend(doc! {"used_at": EPOCH, "denied_at": EPOCH});
            made.remove("template");
            let set = doc! {"granted": true, "template": row.template};
            let change = doc! {"$set": set, "$setOnInsert": made};
            statements.push(Statement::change_or_add(row.id(), change));
        }
    }
    statements
}

/// Removes all that is known of a job.
pub(in crate::mongo) async fn forget(
    transaction: &mut Transaction,
    job: &JobId,
) -> Result<(), StoreError> {
    for collection in [REGISTER, USES] {
        let of_job = doc! {"job": job.as_str()};
        transaction.delete(collection, of_job).await?;
    }
    Ok(())
}

/// Adds what attempts of jobs made of their grants. Nothing is kept of a job that is not there any more.
pub(in crate::mongo) async fn add(
    transaction: &mut Transaction,
    endings: &[(&str, &Ending)],
) -> Result<(), StoreError> {
    let mut days = BTreeMap::new();
    for (job, ending) in endings {
        let at = ending.attempt.completed_at;
        let job = JobId::parse(*job).map_err(|source| corrupt("job", source))?;
        for used in &ending.uses {
            let key = (
                job.clone(),
                used.operation,
                used.target.clone(),
                Day::of(at),
            );
            let day = days.entry(key).or_insert_with(|| CapabilityUseDay {
                org: OrganisationId::default(),
                job: job.clone(),
                operation: used.operation,
                target: used.target.clone(),
                day: Day::of(at),
                uses: 0,
                denials: 0,
                used_at: None,
                denied_at: None,
            });
            day.uses += used.uses;
            day.denials += used.denials;
            let later = |known: Option<Timestamp>, times| (times > 0).then_some(at).max(known);
            day.used_at = later(day.used_at, used.uses);
            day.denied_at = later(day.denied_at, used.denials);
        }
    }
    let days: Vec<_> = days.into_values().collect();
    put_days(transaction, &days).await?;
    // Those of the same jobs that nobody looks back to any more.
    let latest = days.iter().map(|day| day.day).max();
    if let Some(latest) = latest {
        let jobs: Vec<&str> = days.iter().map(|day| day.job.as_str()).collect();
        let first = Day::first(latest.begin());
        let past = doc! {"job": {"$in": jobs}, "day": {"$lt": first.0}};
        transaction.delete(USES, past).await?;
    }
    Ok(())
}

/// Adds days to what is counted, of those jobs that there are.
pub(in crate::mongo) async fn put_days(
    transaction: &mut Transaction,
    days: &[CapabilityUseDay],
) -> Result<(), StoreError> {
    if days.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = days.iter().map(|day| day.job.as_str()).collect();
    let jobs = Read::of(doc! {"_id": {"$in": ids}}).only(&["org", "template_type"]);
    let jobs = transaction.find(JOBS, jobs).await?;
    let jobs: BTreeMap<&str, &Document> = jobs.iter().map(|it| (text(it, "_id"), it)).collect();
    let (mut rows, mut counted) = (Vec::new(), Vec::new());
    for day in days {
        let Some(job) = jobs.get(day.job.as_str()) else {
            continue;
        };
        let row = Row {
            org: text(job, "org"),
            job: day.job.as_str(),
            template: text(job, "template_type"),
            operation: day.operation,
            target: &day.target,
        };
        rows.push(row.seen(day));
        counted.push(row.counted(day));
    }
    if !rows.is_empty() {
        transaction.update_all(REGISTER, rows).await?;
        transaction.update_all(USES, counted).await?;
    }
    Ok(())
}

/// What a row is about.
struct Row<'a> {
    org: &'a str,
    job: &'a str,
    template: &'a str,
    operation: Operation,
    target: &'a str,
}

impl Row<'_> {
    fn id(&self) -> String {
        let Self {
            job,
            operation,
            target,
            ..
        } = self;
        format!("{job}/{}/{target}", operation_path(*operation))
    }

    fn members(&self) -> Document {
        doc! {
            "org": self.org,
            "job": self.job,
            "template": self.template,
            "interface": self.operation.interface().as_str(),
            "operation": self.operation.as_str(),
            "target": self.target,
        }
    }

    /// The row with the moments of a day.
    fn seen(&self, day: &CapabilityUseDay) -> Statement {
        let mut made = self.members();
        made.insert("granted", false);
        let moments = doc! {
            "used_at": day.used_at.map_or(EPOCH, date),
            "denied_at": day.denied_at.map_or(EPOCH, date),
        };
        let change = doc! {"$max": moments, "$setOnInsert": made};
        Statement::change_or_add(self.id(), change)
    }

    /// The day with what is added to it.
    fn counted(&self, day: &CapabilityUseDay) -> Statement {
        let made = doc! {
            "org": self.org,
            "job": self.job,
            "operation": self.operation.as_str(),
            "target": self.target,
            "day": day.day.0,
        };
        let moments = [("used_at", day.used_at), ("denied_at", day.denied_at)];
        let moments = moments.into_iter().filter_map(|(member, at)| {
            let at = date(at?);
            Some((member.to_owned(), at.into()))
        });
        let mut change = doc! {
            "$inc": {"uses": count(day.uses), "denials": count(day.denials)},
            "$setOnInsert": made,
        };
        let moments: Document = moments.collect();
        if !moments.is_empty() {
            change.insert("$max", moments);
        }
        let id = format!(
            "{}/{}/{}/{}",
            self.job,
            day.day.0,
            operation_path(self.operation),
            self.target
        );
        Statement::change_or_add(id, change)
    }
}

/// An operation with its interface, as a part of an `_id`.
fn operation_path(operation: Operation) -> String {
    format!("{}/{}", operation.interface().as_str(), operation.as_str())
}
