//! Combinations of terms that contradict each other.

use sandglass_registry::{
    Dependencies, RetryPolicy, Schedule,
    job::{Backoff, MAX_PARENTS},
};

use super::{JobDraft, Problem};

/// Finds what cannot stand together.
pub(super) fn judge_terms(draft: &JobDraft, problems: &mut Vec<Problem>) {
    judge_retries(&draft.retry_policy, problems);
    judge_jitter(draft, problems);
    judge_parents(&draft.depends_on, problems);
    let deadline = draft.starting_deadline_seconds.map(|it| it.get());
    if deadline.is_some() && draft.schedule == Schedule::Manual {
        problems.push(Problem::new(
            "/starting_deadline_seconds",
            "contradiction",
            "a manual job has no slots that could begin late; use queue_timeout_seconds",
        ));
    }
}

fn judge_retries(policy: &RetryPolicy, problems: &mut Vec<Problem>) {
    if policy.backoff != Backoff::Exponential {
        return;
    }
    let (first, most) = (
        policy.retry_delay_seconds.get(),
        policy.max_delay_seconds.get(),
    );
    if first == 0 {
        problems.push(Problem::new(
            "/retry_policy/retry_delay_seconds",
            "contradiction",
            "an exponential backoff doubles the first wait, which is 0; give it at least 1 second",
        ));
    } else if first > most {
        problems.push(Problem::new(
            "/retry_policy/max_delay_seconds",
            "contradiction",
            format!("the longest wait ({most} s) is shorter than the first ({first} s)"),
        ));
    }
}

fn judge_jitter(draft: &JobDraft, problems: &mut Vec<Problem>) {
    let jitter = u64::from(draft.jitter_seconds.get());
    let detail = match draft.schedule {
        Schedule::Manual if jitter > 0 => {
            "a manual job has no slots that could be spread".to_owned()
        }
        Schedule::Interval { interval_seconds } if jitter >= interval_seconds => {
            format!("slots every {interval_seconds} s cannot be spread over {jitter} s; give less")
        }
        _ => return,
    };
    problems.push(Problem::new("/jitter_seconds", "contradiction", detail));
}

fn judge_parents(dependencies: &Dependencies, problems: &mut Vec<Problem>) {
    let parents = &dependencies.parents;
    if parents.len() > MAX_PARENTS {
        let detail = format!("a job has at most {MAX_PARENTS} parents");
        problems.push(Problem::new("/depends_on/parents", "too_many", detail));
    }
    for (index, parent) in parents.iter().enumerate() {
        let twice = parents
            .iter()
            .take(index)
            .any(|it| it.job_id == parent.job_id);
        if twice {
            problems.push(Problem::new(
                format!("/depends_on/parents/{index}/job_id"),
                "twice",
                format!("{} is named before", parent.job_id),
            ));
        }
    }
}
