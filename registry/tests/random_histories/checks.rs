//! What holds after every step, and that everything ends.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use sandglass_contract::{Clock as _, ExecutionId, OutcomeCode};
use sandglass_registry::{
    Execution, ExecutionStatus, Labels, LimitedBy, PageRequest, store::ExecutionQuery,
};

use super::{
    Held, History,
    sample::{attempt, finished, scope},
};

impl History {
    async fn read_all(&self) -> BTreeMap<ExecutionId, Execution> {
        let mut all = BTreeMap::new();
        for number in 1.. {
            let page = PageRequest::new(NonZeroU32::new(number).unwrap(), NonZeroU32::MAX);
            let query = ExecutionQuery {
                job: None,
                backfill: None,
                status: Vec::new(),
                page,
            };
            let found = self.store.executions(&scope(), &query).await.unwrap();
            let last = u64::from(number) >= found.pages;
            all.extend(found.items.into_iter().map(|it| (it.id.clone(), it)));
            if last {
                break;
            }
        }
        all
    }

    pub(super) async fn check(&mut self) {
        let now = self.read_all().await;
        for (id, before) in &self.before {
            let now = now.get(id).expect("an execution is gone");
            assert!(now.fence >= before.fence, "{id}: the fence fell");
            assert!(
                now.attempts.len() >= before.attempts.len(),
                "{id}: an attempt is gone"
            );
            if before.status.is_finished() {
                assert_eq!(now, before, "{id}: it had finished");
            }
        }
        for (id, it) in &now {
            assert_eq!(it.status.is_finished(), it.completed_at.is_some(), "{id}");
            let queued = it.status == ExecutionStatus::Queued;
            assert!(
                queued || it.waits_for.is_none(),
                "{id}: {:?} waits",
                it.status
            );
        }
        for (of, (most, allowed)) in &mut self.limits {
            let running = running_by(of, &now);
            // What ran when it was lowered may go on, but gets no company.
            *allowed = running.min(*allowed).max(*most as usize);
            assert!(running <= *allowed, "{running} run by {of:?}, {most} may");
        }
        self.before = now;
    }

    /// All workers die, and one does all that is left.
    pub(super) async fn drain(&mut self) {
        for hosts in &mut self.hosts {
            hosts.clear();
        }
        for _ in 0..10_000 {
            if self.before.values().all(|it| it.status.is_finished()) {
                assert_eq!(
                    self.store.next_claimable(&Labels::default()).await.unwrap(),
                    None
                );
                return;
            }
            let soon = self.store.next_claimable(&Labels::default()).await.unwrap();
            let soon = soon.unwrap_or_else(|| panic!("all wait for ever: {}", self.unfinished()));
            let wait = soon.duration_since(self.clock.now());
            self.clock
                .advance(Duration::try_from(wait).unwrap_or_default());
            let (claimed, ended) = self.claim_for(0, 3).await;
            if claimed + ended == 0 {
                // What it found waits behind a gate now, and somebody is there who will open it.
                let runs = |it: &Execution| it.status == ExecutionStatus::Running;
                assert!(
                    self.before.values().any(runs),
                    "stuck: {}",
                    self.unfinished()
                );
                let next = self.store.next_claimable(&Labels::default()).await.unwrap();
                assert!(
                    next > Some(self.clock.now()),
                    "stuck: {}",
                    self.unfinished()
                );
            }
            self.check().await;
            while let Some(Held { claim, .. }) = self.hosts[0].pop() {
                let attempt = attempt(self.before[&claim.execution].attempt, OutcomeCode::Success);
                let ended = vec![(claim, finished(attempt))];
                let answers = self.store.end_attempts(ended).await.unwrap();
                assert!(answers[0].status().is_some());
            }
            self.check().await;
        }
        panic!("it never ends: {}", self.unfinished());
    }

    fn unfinished(&self) -> String {
        let left = self.before.values().filter(|it| !it.status.is_finished());
        let shown = left.map(|it| format!("{} {:?} {:?}", it.id, it.status, it.waits_for));
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// How many run that a limit counts.
pub(super) fn running_by(of: &LimitedBy, all: &BTreeMap<ExecutionId, Execution>) -> usize {
    let counts = |it: &&Execution| {
        it.status == ExecutionStatus::Running
            && match of {
                LimitedBy::Template(template) => it.template_type == *template,
                LimitedBy::Tag(tag) => it.tags.contains(tag),
            }
    };
    all.values().filter(counts).count()
}
