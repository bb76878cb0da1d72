//! What happened, a line a step. It is written only where somebody wants to read it.

use std::fmt::Write as _;

use sandglass_registry::store::Claim;
use sandglass_scheduler::core::{Command, Event};

use crate::clock::True;

/// The lines.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    text: Option<String>,
}

impl Trace {
    /// A trace that is written.
    pub(crate) fn written() -> Self {
        Self {
            text: Some(String::new()),
        }
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, now: True, line: impl FnOnce() -> String) {
        if let Some(text) = &mut self.text {
            writeln!(text, "{:>10.3} {}", now as f64 / 1e6, line()).unwrap();
        }
    }

    /// All of it.
    pub(crate) fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }
}

/// A claim, as `execution/fence`.
pub(crate) fn written(claim: &Claim) -> String {
    format!("{}/{}", claim.execution, claim.fence.0)
}

/// An event in a few words.
pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::DueRead(Ok(due)) => format!("DueRead {} next {:?}", due.firings.len(), due.next),
        Event::Claimed {
            answer: Ok(answer), ..
        } => {
            let claimed = answer.claimed.iter().map(|it| written(&it.claim()));
            format!("Claimed {:?}", claimed.collect::<Vec<_>>())
        }
        Event::Renewed {
            answer: Ok(answers),
            ..
        } => {
            let answers = answers
                .iter()
                .map(|(claim, answer)| (written(claim), *answer));
            format!("Renewed {:?}", answers.collect::<Vec<_>>())
        }
        Event::RunEnded { claim, ending } => {
            format!("RunEnded {} {}", written(claim), ending.attempt.outcome)
        }
        Event::UnsettledRead(Ok(all)) => format!("UnsettledRead {}", all.len()),
        Event::BackfillsRead(Ok(all)) => format!("BackfillsRead {}", all.len()),
        other => format!("{other:?}"),
    }
}

/// A command in a few words.
pub(crate) fn command(command: &Command) -> String {
    match command {
        Command::Fire(firings) | Command::FireBackfills(firings) => {
            let slots = firings.iter().map(|it| it.execution.id.as_str());
            format!("Fire {:?}", slots.collect::<Vec<_>>())
        }
        Command::Claim(request) => format!("Claim {}", request.limit),
        Command::Start(claimed) => format!("Start {}", written(&claimed.claim())),
        Command::Stop(claim, reason) => format!("Stop {} {reason:?}", written(claim)),
        Command::Renew(claims) => {
            format!("Renew {:?}", claims.iter().map(written).collect::<Vec<_>>())
        }
        Command::EndAttempts(endings) => {
            let claims = endings.iter().map(|(claim, _)| written(claim));
            format!("EndAttempts {:?}", claims.collect::<Vec<_>>())
        }
        Command::Release { claim, status } => format!("Release {} {status:?}", written(claim)),
        Command::Settle(unsettled) => format!("Settle {}", unsettled.len()),
        other => format!("{other:?}"),
    }
}
