//! Mail to the people whom a job names, when an execution of it has ended.
//!
//! It is sent once and not repeated: the record of the execution is what counts, and whoever must not
//! miss a failure looks there.

use std::{fmt, sync::Arc};

use sandglass_contract::Clock;
use sandglass_host::{Mail, MailAddress, Mailer};
use sandglass_registry::{Execution, ExecutionStatus, Notifications};

/// Sends mail about executions.
#[derive(Clone)]
pub struct Notifier {
    mailer: Arc<dyn Mailer>,
    from: MailAddress,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Notifier")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Notifier {
    /// Sends with `mailer`, as `from`.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>, from: MailAddress, clock: Arc<dyn Clock>) -> Self {
        Self {
            mailer,
            from,
            clock,
        }
    }

    /// Tells whom `notifications` name how `execution` ended.
    pub(crate) async fn tell(&self, execution: &Execution, notifications: &Notifications) {
        let addresses = addressees(execution.status, notifications);
        let to: Vec<MailAddress> = addresses
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect();
        if to.is_empty() {
            return;
        }
        let mail = Mail {
            from: self.from.clone(),
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: subject(execution),
            text: Some(text(execution)),
            html: None,
            attachments: Vec::new(),
            message_id: message_id(execution, &self.from),
            date: self.clock.now(),
        };
        if let Err(error) = self.mailer.send(mail).await {
            tracing::warn!(
                execution = %execution.id,
                error = &error as &dyn std::error::Error,
                "notification.failed"
            );
        }
    }
}

/// Who is told of an end in this status.
pub(crate) fn addressees(status: ExecutionStatus, notifications: &Notifications) -> &[String] {
    match status {
        ExecutionStatus::Success => &notifications.on_success,
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Cancelled => {
            &notifications.on_failure
        }
        ExecutionStatus::Queued
        | ExecutionStatus::Running
        | ExecutionStatus::Skipped
        | ExecutionStatus::Missed => &[],
    }
}

fn subject(execution: &Execution) -> String {
    let name = execution.job_name.replace('\n', " ");
    format!("{name}: {}", execution.status.as_str())
}

fn text(execution: &Execution) -> String {
    let said = execution.error.as_deref().or(execution.message.as_deref());
    format!(
        "Job: {}\nStatus: {}\nScheduled for: {}\nExecution: {}\nAttempts: {}\n\n{}\n",
        execution.job_name,
        execution.status.as_str(),
        execution.scheduled_for,
        execution.id,
        execution.attempt,
        said.unwrap_or_default(),
    )
}

fn message_id(execution: &Execution, from: &MailAddress) -> String {
    let id = execution.id.as_str().replace('@', ".");
    let domain = from
        .as_str()
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    format!("{id}.notification@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_depends_on_how_it_ended() {
        let notifications = Notifications {
            on_success: vec!["well@b.example".to_owned()],
            on_failure: vec!["bad@b.example".to_owned()],
        };
        let check = |status, expect: &[&str]| {
            assert_eq!(addressees(status, &notifications), expect, "{status:?}");
        };
        check(ExecutionStatus::Success, &["well@b.example"]);
        check(ExecutionStatus::Failed, &["bad@b.example"]);
        check(ExecutionStatus::TimedOut, &["bad@b.example"]);
        check(ExecutionStatus::Cancelled, &["bad@b.example"]);
        check(ExecutionStatus::Skipped, &[]);
        check(ExecutionStatus::Queued, &[]);
    }
}
