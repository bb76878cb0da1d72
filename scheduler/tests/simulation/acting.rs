//! What a host's commands set going: calls of the store, and runs.

use sandglass_contract::OutcomeCode;
use sandglass_registry::store::Claim;
use sandglass_scheduler::core::Command;

use crate::{
    calls::Request,
    clock::{milliseconds, seconds},
    world::{Happening, World},
};

impl World {
    pub(crate) fn carry_out(&mut self, host: usize, command: Command) {
        let asked_at = self.hosts[host].clock.show(self.now).monotonic;
        let request = match command {
            Command::ReadDue { now } => Request::ReadDue(now),
            Command::Fire(firings) => Request::Fire(firings),
            Command::Claim(request) => Request::Claim { asked_at, request },
            Command::Renew(claims) => Request::Renew { asked_at, claims },
            Command::EndAttempts(endings) => Request::End(endings),
            Command::ReadUnsettled => Request::ReadUnsettled,
            Command::Settle(unsettled) => Request::Settle(unsettled),
            Command::ReadBackfills => Request::ReadBackfills,
            Command::FireBackfills(firings) => Request::FireBackfills(firings),
            Command::EndOverdue => Request::EndOverdue,
            Command::NoteTimeJump { .. } => Request::NoteJump,
            Command::Start(claimed) => return self.begin_run(host, claimed.claim()),
            Command::Stop(claim, _) => {
                // A guest ends within a tenth of a second of being told.
                let at = self.now + milliseconds(self.random.below(100));
                let (life, outcome) = (self.hosts[host].life, OutcomeCode::Cancelled);
                return self.at(
                    at,
                    Happening::RunEnds {
                        host,
                        life,
                        claim,
                        outcome,
                    },
                );
            }
            Command::Release { .. } => return,
        };
        self.call(host, request);
    }

    fn begin_run(&mut self, host: usize, claim: Claim) {
        let life = self.hosts[host].life;
        let takes = match self.random.below(10) {
            0 => seconds(self.random.between(20, 100)),
            1..=3 => milliseconds(self.random.between(500, 20_000)),
            _ => milliseconds(self.random.between(1, 300)),
        };
        let outcomes = [
            OutcomeCode::Success,
            OutcomeCode::Success,
            OutcomeCode::Success,
            OutcomeCode::FailedRetryable,
            OutcomeCode::Failed,
            OutcomeCode::TimedOut,
        ];
        let outcome = *self.random.one_of(&outcomes);
        for part in 1..=3 {
            let (claim, at) = (claim.clone(), self.now + takes * part / 4);
            self.at(at, Happening::RunSays { host, life, claim });
        }
        self.at(
            self.now + takes,
            Happening::RunEnds {
                host,
                life,
                claim,
                outcome,
            },
        );
    }
}
