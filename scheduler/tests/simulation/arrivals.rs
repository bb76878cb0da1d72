//! What a call does when it arrives at the store, and what its answer says.

use jiff::Timestamp;
use sandglass_registry::{
    Blackouts, Execution, Job,
    store::{Claim, EndAnswer, Settlement},
};
use sandglass_scheduler::{
    Calendar,
    core::{DependencyGraph, DueJobs, Event, decide_consequences, decide_firings},
};

use crate::{
    calls::{Call, Request},
    world::{Happening, World},
};

impl World {
    pub(crate) fn arrive(&mut self, call: Call) {
        let Call {
            host,
            life,
            request,
            answer_takes,
        } = call;
        let now = self.store_time();
        let event = match request {
            Request::ReadDue(wall) => Some(Event::DueRead(Ok(self.due(wall)))),
            Request::Fire(firings) => {
                self.store.fire(firings, now);
                Some(Event::Fired(Ok(())))
            }
            Request::Claim { asked_at, request } => {
                let candidates = self.store.candidates(request.limit, now);
                // Others may take what was read before this one does.
                let take = Request::Take {
                    asked_at,
                    request,
                    candidates,
                };
                let call = Call {
                    host,
                    life,
                    request: take,
                    answer_takes,
                };
                let at = self.now + self.random.below(2000);
                return self.at(at, Happening::Arrives(call));
            }
            Request::Take {
                asked_at,
                request,
                candidates,
            } => {
                let answer = self.store.claim(&request, &candidates, now);
                if let Some(takes) = answer_takes
                    && answer.claimed.len() < request.limit as usize
                {
                    // It is asked for when the answer is there, and another answer away.
                    let event = Event::NextClaimable(self.store.next_claimable());
                    let hears = Happening::Hears { host, life, event };
                    self.at(self.now + takes + takes, hears);
                }
                let answer = Ok(answer);
                Some(Event::Claimed { asked_at, answer })
            }
            Request::Renew { asked_at, claims } => {
                let answers = self.store.renew(&claims, crate::host::LEASE, now);
                let answer = Ok(claims.into_iter().zip(answers).collect());
                Some(Event::Renewed { asked_at, answer })
            }
            Request::Record(claim) => {
                self.store.record(&claim);
                None
            }
            Request::End(endings) => {
                let end = |(claim, ending): &(Claim, _)| self.store.end_attempt(claim, ending, now);
                let statuses = endings.iter().map(end);
                let answers = statuses.map(|it| it.map_or(EndAnswer::Lost, EndAnswer::Ended));
                Some(Event::AttemptsEnded(Ok(answers.collect())))
            }
            Request::ReadUnsettled => Some(Event::UnsettledRead(Ok(self.store.unsettled()))),
            Request::Settle(unsettled) => {
                let settlements = self.decide_settlements(&unsettled);
                let store = Request::StoreSettlements(settlements);
                let call = Call {
                    host,
                    life,
                    request: store,
                    answer_takes,
                };
                let at = self.now + self.random.below(2000);
                return self.at(at, Happening::Arrives(call));
            }
            Request::StoreSettlements(settlements) => {
                self.store.settle(settlements, now);
                Some(Event::Settled(Ok(())))
            }
            Request::ReadBackfills => Some(Event::BackfillsRead(Ok(Vec::new()))),
            Request::FireBackfills(firings) => {
                self.store.fire(firings, now);
                Some(Event::BackfillsFired(Ok(())))
            }
            Request::EndOverdue => Some(Event::OverdueEnded(Ok(self.store.end_overdue(now)))),
            Request::NoteJump => Some(Event::JobsChanged),
            Request::Enqueue(execution) => {
                let id = execution.id.clone();
                if self.store.enqueue(*execution) && answer_takes.is_some() {
                    self.ledger.promise(id);
                }
                Some(Event::WorkArrived)
            }
            Request::Cancel(id) => {
                self.store.cancel(&id, now);
                Some(Event::CancelRequested(id))
            }
        };
        if let (Some(event), Some(takes)) = (event, answer_takes) {
            self.at(self.now + takes, Happening::Hears { host, life, event });
        }
    }

    fn due(&self, wall: Timestamp) -> DueJobs {
        let due = self.store.due(wall);
        let decide = |job: &std::sync::Arc<Job>| {
            let calendar = Calendar::compile(&job.schedule).unwrap();
            decide_firings(job, &calendar, &Blackouts::default(), wall)
        };
        let firings: Vec<_> = due.iter().flat_map(decide).collect();
        let next = self.store.next_due().filter(|_| firings.is_empty());
        DueJobs { firings, next }
    }

    fn decide_settlements(&self, unsettled: &[Execution]) -> Vec<Settlement> {
        let graph: DependencyGraph = self.store.dependencies().into_iter().collect();
        let now = self.store_time();
        let settle = |execution: &Execution| {
            let children = self.store.children(&execution.job_id);
            Settlement {
                execution: execution.id.clone(),
                consequences: decide_consequences(execution, &children, &graph, now),
            }
        };
        unsettled.iter().map(settle).collect()
    }
}
