//! What people do while the hosts work: start, cancel and change jobs, and shut hosts down.

use sandglass_contract::ExecutionId;
use sandglass_registry::Trigger;
use sandglass_scheduler::core::{Cause, Event, queued};

use crate::{
    calls::Request,
    jobs,
    world::{Happening, World},
};

impl World {
    /// Somebody does something at a host.
    pub(crate) fn somebody_acts(&mut self) {
        let hosts = self.hosts.len() as u64;
        let host = usize::try_from(self.random.below(hosts)).unwrap();
        if !self.hosts[host].goes_on(self.now) {
            return;
        }
        match self.random.below(10) {
            0..=4 => self.start_a_job(host),
            5..=6 => self.cancel_something(host),
            7..=8 => self.change_a_job(host),
            _ => self.tell(host, Event::WorkArrived),
        }
    }

    fn start_a_job(&mut self, host: usize) {
        let ids: Vec<_> = self.store.jobs.keys().cloned().collect();
        let job = self.store.jobs[self.random.one_of(&ids)].clone();
        self.triggers += 1;
        let now = self.store_time();
        let cause = Cause {
            id: ExecutionId::parse(format!("exec_{}", self.triggers)).unwrap(),
            scheduled_for: now,
            triggered_by: Trigger::User,
        };
        let execution = queued(&job, cause, now);
        self.call(host, Request::Enqueue(Box::new(execution)));
    }

    fn cancel_something(&mut self, host: usize) {
        let ids: Vec<ExecutionId> = self
            .store
            .unfinished()
            .map(|row| row.execution.id.clone())
            .collect();
        if !ids.is_empty() {
            let id = self.random.one_of(&ids).clone();
            self.call(host, Request::Cancel(id));
        }
    }

    fn change_a_job(&mut self, host: usize) {
        let ids: Vec<_> = self.store.jobs.keys().cloned().collect();
        let id = self.random.one_of(&ids).clone();
        let now = self.store_time();
        let changed = jobs::changed(&self.store.jobs[&id].clone(), &mut self.random, now);
        self.trace.note(self.now, || format!("{id} is changed"));
        self.store.save(changed);
        self.tell(host, Event::JobsChanged);
    }

    /// Something breaks, or is put right.
    pub(crate) fn something_breaks(&mut self) {
        let hosts = self.hosts.len() as u64;
        let number = usize::try_from(self.random.below(hosts)).unwrap();
        let now = self.now;
        let kind = self.random.below(10);
        let takes = crate::clock::milliseconds(self.random.between(100, 60_000));
        let host = &mut self.hosts[number];
        if host.machine.is_none() {
            return;
        }
        match kind {
            0..=3 => {
                self.trace.note(now, || format!("host {number} crashes"));
                host.crash();
                self.at(now + takes, Happening::HostStarts(number));
            }
            4..=6 => {
                self.trace
                    .note(now, || format!("host {number} stands still"));
                // What it is told meanwhile waits for the end that was known then.
                host.stands_until = host.stands_until.max(now + takes);
            }
            7..=8 => {
                let by = self.random.about_zero(120_000);
                self.trace.note(now, || {
                    format!("the clock of host {number} jumps by {by} ms")
                });
                self.hosts[number].clock.ahead += jiff::SignedDuration::from_millis(by);
                self.tell(number, Event::Woken);
            }
            _ => {
                self.trace
                    .note(now, || format!("host {number} is shut down"));
                host.draining = true;
                self.tell(number, Event::Drain);
                self.at(now + takes, Happening::GiveBack(number));
            }
        }
    }
}
