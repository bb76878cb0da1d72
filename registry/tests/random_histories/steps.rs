//! What users, schedulers and workers do.

use std::time::Duration;

use rand::RngExt as _;
use sandglass_contract::{Clock as _, ExecutionId, OutcomeCode, TemplateId};
use sandglass_registry::{
    ConcurrencyLimit, Execution, ExecutionStatus, Job, Labels, LimitedBy, OverlapPolicy,
    StoreError, Tag,
    job::Priority,
    store::{
        CancelAnswer, Claim, ClaimRequest, Consequence, EndAnswer, Fired, Join, LeaseAnswer,
        Records, ScheduleChange, Settlement,
    },
};

use super::{
    HOSTS, Held, History, JOBS, POLICIES, TAGS, TEMPLATES,
    checks::running_by,
    sample::{self, LEASE, attempt, finished, firing, job, next_version, retried, scope, user},
};

impl History {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.random.random_range(0..all.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    pub(super) fn random_job(&mut self, number: usize) -> Job {
        let tags = TAGS.iter().filter(|_| self.random.random_range(0..2) == 0);
        let tags = tags.map(|tag| Tag::parse(tag).unwrap()).collect();
        Job {
            overlap_policy: self.one_of(&POLICIES),
            priority: Priority::new(self.random.random_range(4..7)).unwrap(),
            template_type: TemplateId::parse(self.one_of(&TEMPLATES)).unwrap(),
            pause_on_failure: self.chance(30),
            tags,
            ..job(&format!("job_{number}"))
        }
    }

    pub(super) async fn step(&mut self) {
        match self.random.random_range(0..100) {
            0..25 => self.fire().await,
            25..32 => self.enqueue().await,
            32..55 => self.claim().await,
            55..62 => self.renew().await,
            62..65 => self.record().await,
            65..80 => self.end().await,
            80..86 => self.cancel().await,
            86..91 => {
                let seconds = self.one_of(&[1, 5, 20, 31]);
                self.clock.advance(Duration::from_secs(seconds));
            }
            91..94 => self.change_job().await,
            94..96 => self.settle().await,
            _ => self.change_limit().await,
        }
    }

    async fn some_job(&mut self) -> Job {
        let name = format!("job_{}", self.random.random_range(0..JOBS));
        sample::stored_job(&self.store, &name).await
    }

    fn deadline(&mut self) -> Option<jiff::Timestamp> {
        let now = self.clock.now();
        self.chance(20).then(|| now + Duration::from_secs(25))
    }

    async fn fire(&mut self) {
        let job = self.some_job().await;
        let mut slot = firing(&job);
        slot.execution.queued_at = self.clock.now();
        slot.execution.available_at = self.clock.now();
        slot.execution.queue_deadline = self.deadline();
        let id = slot.execution.id.clone();
        let twice = self.chance(20);
        let slots = vec![slot; if twice { 2 } else { 1 }];
        let fired = self.store.fire(slots).await.unwrap();
        assert_eq!(
            matches!(fired[0], Fired::Stored(_)),
            job.enabled,
            "{fired:?}"
        );
        assert!(
            fired[1..].iter().all(|it| *it == Fired::Outdated),
            "{fired:?}"
        );
        let found = self.store.execution(&scope(), &id).await.unwrap();
        assert_eq!(found.is_some(), job.enabled);
    }

    async fn enqueue(&mut self) {
        let job = self.some_job().await;
        self.enqueued += 1;
        let later = self.one_of(&[0, 0, 10]);
        let execution = Execution {
            queued_at: self.clock.now(),
            available_at: self.clock.now() + Duration::from_secs(later),
            queue_deadline: self.deadline(),
            ..sample::execution(&job, &format!("exec_{}", self.enqueued))
        };
        self.store.enqueue(&scope(), &execution).await.unwrap();
    }

    pub(super) async fn claim_for(&mut self, host: usize, limit: u32) -> (usize, usize) {
        let request = ClaimRequest {
            host: format!("host-{host}"),
            labels: Labels::default(),
            limit,
            lease: LEASE,
            most_lost_leases: 2,
        };
        let overdue = self.store.end_overdue(1000).await.unwrap();
        let answer = self.store.claim(request).await.unwrap();
        let now = self.clock.now();
        for claimed in &answer.claimed {
            let claim = claimed.claim();
            let others = self.hosts.iter().flatten();
            let live = others.filter(|it| it.claim.execution == claim.execution && it.until > now);
            assert_eq!(live.count(), 0, "{claim:?} is held by another");
            let until = now + LEASE;
            self.hosts[host].push(Held { claim, until });
        }
        (
            answer.claimed.len(),
            answer.ended.len() + overdue.ended.len(),
        )
    }

    async fn claim(&mut self) {
        let host = self.random.random_range(0..HOSTS);
        let limit = self.random.random_range(1..5);
        self.claim_for(host, limit).await;
    }

    fn is_current(&self, claim: &Claim) -> bool {
        let known = &self.before[&claim.execution];
        known.status == ExecutionStatus::Running && known.fence == claim.fence
    }

    async fn renew(&mut self) {
        let host = self.random.random_range(0..HOSTS);
        let claims: Vec<Claim> = self.hosts[host].iter().map(|it| it.claim.clone()).collect();
        let answers = self.store.renew(&claims, LEASE).await.unwrap();
        let until = self.clock.now() + LEASE;
        for (number, answer) in answers.into_iter().enumerate() {
            let current = self.is_current(&claims[number]);
            assert_eq!(answer != LeaseAnswer::Lost, current, "{:?}", claims[number]);
            self.hosts[host][number].until = until;
        }
        let lost: Vec<bool> = claims.iter().map(|it| !self.is_current(it)).collect();
        let mut lost = lost.into_iter();
        self.hosts[host].retain(|_| !lost.next().unwrap());
    }

    /// A claim that a worker has or had, the current one or not.
    fn some_claim(&mut self) -> Option<(usize, usize)> {
        let host = self.random.random_range(0..HOSTS);
        let count = self.hosts[host].len();
        (count > 0).then(|| (host, self.random.random_range(0..count)))
    }

    async fn record(&mut self) {
        let Some((host, number)) = self.some_claim() else {
            return;
        };
        let claim = self.hosts[host][number].claim.clone();
        let records = Records {
            log: vec![sample::line(claim.fence.0, "going")],
            ..Records::default()
        };
        let answer = self.store.record(&claim, records).await;
        let current = self.is_current(&claim);
        assert_eq!(answer.is_ok(), current, "{claim:?} {answer:?}");
        assert!(current || matches!(answer, Err(StoreError::Fenced)));
    }

    async fn end(&mut self) {
        let Some((host, number)) = self.some_claim() else {
            return;
        };
        let Held { claim, .. } = self.hosts[host].swap_remove(number);
        let known = self.before[&claim.execution].clone();
        let outcomes = [
            OutcomeCode::Success,
            OutcomeCode::Failed,
            OutcomeCode::Cancelled,
        ];
        let attempt = attempt(known.attempt, self.one_of(&outcomes));
        let ending = match self.chance(30) {
            true => retried(attempt, self.clock.now() + Duration::from_secs(5)),
            false => finished(attempt),
        };
        let twice = vec![(claim.clone(), ending.clone()), (claim.clone(), ending)];
        let answers = self.store.end_attempts(twice).await.unwrap();
        assert_eq!(
            answers[0].status().is_some(),
            self.is_current(&claim),
            "{claim:?}"
        );
        assert_eq!(answers[1], EndAnswer::Lost, "{claim:?} ended twice");
        if answers[0]
            .status()
            .is_some_and(ExecutionStatus::is_finished)
        {
            assert!(
                self.accepted.insert(claim.execution),
                "two ends were accepted"
            );
        }
    }

    async fn cancel(&mut self) {
        let all: Vec<ExecutionId> = self.before.keys().cloned().collect();
        if all.is_empty() {
            return;
        }
        let id = all[self.random.random_range(0..all.len())].clone();
        let answer = self.store.cancel(&scope(), &id, &user()).await.unwrap();
        let expect = match self.before[&id].status {
            ExecutionStatus::Queued => CancelAnswer::Cancelled,
            ExecutionStatus::Running => CancelAnswer::Requested,
            finished => CancelAnswer::AlreadyFinished(finished),
        };
        assert_eq!(answer, expect);
    }

    async fn change_job(&mut self) {
        let job = self.some_job().await;
        let mut changed = next_version(&job);
        changed.enabled = self.chance(80);
        changed.overlap_policy = self.one_of(&POLICIES);
        changed.priority = Priority::new(self.random.random_range(4..7)).unwrap();
        changed.template_type = TemplateId::parse(self.one_of(&TEMPLATES)).unwrap();
        let keep = ScheduleChange::Keep;
        let store = &self.store;
        let answer = store
            .replace_job(&scope(), &changed, job.version, keep)
            .await;
        answer.unwrap();
    }

    async fn settle(&mut self) {
        let child = self.some_job().await;
        for parent in self.store.unsettled(10).await.unwrap() {
            assert!(parent.status.is_finished());
            let id = ExecutionId::of_chain(&child.id, &parent.id);
            let settlement = || Settlement {
                execution: parent.id.clone(),
                consequences: vec![Consequence::Follow {
                    overlap: OverlapPolicy::AllowAll,
                    child: Box::new(sample::execution(&child, id.as_str())),
                    join: Join::Each,
                }],
            };
            let twice = vec![settlement(), settlement()];
            self.store.settle(twice).await.unwrap();
        }
        assert!(self.store.unsettled(1).await.unwrap().is_empty());
    }

    async fn change_limit(&mut self) {
        let template = TemplateId::parse(self.one_of(&TEMPLATES)).unwrap();
        let tag = Tag::parse(self.one_of(&TAGS)).unwrap();
        let of = match self.chance(50) {
            true => LimitedBy::Template(template),
            false => LimitedBy::Tag(tag),
        };
        if self.chance(25) {
            let removed = self.store.remove_concurrency_limit(&scope(), &of).await;
            assert_eq!(removed.is_ok(), self.limits.remove(&of).is_some());
            return;
        }
        let most = self.random.random_range(1..4);
        let limit = ConcurrencyLimit {
            of: of.clone(),
            most,
        };
        self.store
            .set_concurrency_limit(&scope(), &limit)
            .await
            .unwrap();
        let running = running_by(&of, &self.before);
        self.limits.insert(of, (most, running));
    }
}
