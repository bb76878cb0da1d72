//! Every history of two workers and one execution that fits into a lease and a bit: claims, renewals
//! and ends whose requests and answers may be late or lost, workers that crash, stand still and go
//! on. Breadth first over all states; time goes in tenths of a lease.
//!
//! The rule for how long a worker trusts its claim is the real one; the store is a model of four lines.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may panic and print"
)]

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use sandglass_scheduler::core::LocalDeadline;

const LEASE: u8 = 10;
/// The moments that are looked at: claims are asked for at the first ones, and their deadlines and leases
/// end at the last ones.
const MOMENTS: [u8; 6] = [0, 1, 2, 9, 10, 11];
const MOST_MESSAGES: usize = 2;

/// Which rule a model follows; all but the first are wrong and must be found out.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Real,
    /// The store takes an end whatever its fence.
    NoFence,
    /// The store hands out what is held.
    NoCompareAndSet,
    /// A worker counts its deadline from the answer.
    DeadlineFromAnswer,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Execution {
    Queued,
    Running { until: u8 },
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Worker {
    Idle,
    Asking,
    Holding { fence: u8, deadline: u8 },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Message {
    Claim { worker: u8, asked_at: u8 },
    Claimed { worker: u8, asked_at: u8, fence: u8 },
    Renew { worker: u8, asked_at: u8, fence: u8 },
    Renewed { worker: u8, asked_at: u8, fence: u8 },
    End { fence: u8 },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    time: u8,
    execution: Execution,
    fence: u8,
    ends: u8,
    workers: [Worker; 2],
    stands: [bool; 2],
    messages: Vec<Message>,
}

struct Model {
    rule: Rule,
}

/// What was looked at.
#[derive(Debug)]
struct Seen {
    states: usize,
    /// In which the execution has been taken over from a worker that was lost.
    taken_over: usize,
    /// And of those, in which it has ended all the same.
    ended_after: usize,
}

impl Model {
    fn deadline(&self, asked_at: u8, now: u8) -> u8 {
        let from = match self.rule {
            Rule::DeadlineFromAnswer => now,
            _ => asked_at,
        };
        let seconds = |number: u8| Duration::from_secs(number.into());
        let deadline = LocalDeadline::new(seconds(from), seconds(LEASE));
        u8::try_from(deadline.moment().as_secs()).unwrap()
    }

    /// Every state that may come next, or what is broken.
    fn next(&self, state: &State) -> Result<Vec<State>, String> {
        let mut next = Vec::new();
        if let Some(time) = MOMENTS.into_iter().find(|moment| *moment > state.time) {
            let later = State {
                time,
                ..state.clone()
            };
            next.push(later);
        }
        for worker in 0..2 {
            self.act(state, worker, &mut next);
        }
        for number in 0..state.messages.len() {
            let mut without = state.clone();
            let message = without.messages.remove(number);
            let mut arrived = without.clone();
            self.deliver(&mut arrived, message)?;
            next.push(arrived);
            next.push(without);
        }
        for state in &mut next {
            self.look_at_deadlines(state);
            state.messages.sort_unstable();
        }
        Ok(next)
    }

    fn act(&self, state: &State, number: usize, next: &mut Vec<State>) {
        let mut other = state.clone();
        other.stands[number] = !state.stands[number];
        next.push(other);
        let mut crashed = state.clone();
        (crashed.workers[number], crashed.stands[number]) = (Worker::Idle, false);
        next.push(crashed);
        if state.stands[number] || state.messages.len() >= MOST_MESSAGES {
            return;
        }
        let (worker, asked_at) = (u8::try_from(number).unwrap(), state.time);
        let messages = match state.workers[number] {
            Worker::Idle => vec![Message::Claim { worker, asked_at }],
            Worker::Asking => Vec::new(),
            Worker::Holding { fence, .. } => vec![
                Message::Renew {
                    worker,
                    asked_at,
                    fence,
                },
                Message::End { fence },
            ],
        };
        for message in messages {
            let mut sent = state.clone();
            sent.messages.push(message);
            if sent.workers[number] == Worker::Idle {
                sent.workers[number] = Worker::Asking;
            }
            next.push(sent);
        }
    }

    fn deliver(&self, state: &mut State, message: Message) -> Result<(), String> {
        let now = state.time;
        match message {
            Message::Claim { worker, asked_at } => {
                let free = match state.execution {
                    Execution::Queued => true,
                    Execution::Running { until } => {
                        until <= now || self.rule == Rule::NoCompareAndSet
                    }
                    Execution::Ended => false,
                };
                if free {
                    state.fence += 1;
                    state.execution = Execution::Running { until: now + LEASE };
                    let fence = state.fence;
                    state.messages.push(Message::Claimed {
                        worker,
                        asked_at,
                        fence,
                    });
                }
            }
            Message::Claimed {
                worker,
                asked_at,
                fence,
            } => {
                let deadline = self.deadline(asked_at, now);
                state.workers[usize::from(worker)] = Worker::Holding { fence, deadline };
            }
            Message::Renew {
                worker,
                asked_at,
                fence,
            } => {
                let running = matches!(state.execution, Execution::Running { .. });
                if running && fence == state.fence {
                    state.execution = Execution::Running { until: now + LEASE };
                    state.messages.push(Message::Renewed {
                        worker,
                        asked_at,
                        fence,
                    });
                }
            }
            Message::Renewed {
                worker,
                asked_at,
                fence,
            } => {
                let later = self.deadline(asked_at, now);
                if let Worker::Holding {
                    fence: held,
                    deadline,
                } = &mut state.workers[usize::from(worker)]
                    && *held == fence
                {
                    *deadline = later.max(*deadline);
                }
            }
            Message::End { fence } => {
                let running = matches!(state.execution, Execution::Running { .. });
                let current = fence == state.fence || self.rule == Rule::NoFence;
                if running && current {
                    if fence != state.fence {
                        return Err(format!("an end under {fence} was taken at {}", state.fence));
                    }
                    state.execution = Execution::Ended;
                    state.ends += 1;
                }
            }
        }
        Ok(())
    }

    /// A worker that goes on lets go of what it can no longer trust.
    fn look_at_deadlines(&self, state: &mut State) {
        for (worker, stands) in state.workers.iter_mut().zip(state.stands) {
            if let Worker::Holding { deadline, .. } = worker
                && !stands
                && *deadline <= state.time
            {
                *worker = Worker::Idle;
            }
        }
    }

    fn check(&self, state: &State) -> Result<(), String> {
        let holders = state.workers.iter().zip(state.stands);
        let holders =
            holders.filter(|(worker, stands)| !stands && matches!(worker, Worker::Holding { .. }));
        let unfinished = state.execution != Execution::Ended;
        if unfinished && holders.count() > 1 {
            return Err(format!("two owners at once: {state:?}"));
        }
        match state.ends {
            0 | 1 => Ok(()),
            _ => Err(format!("ended more than once: {state:?}")),
        }
    }

    /// Looks at everything that can happen, or says what is broken.
    fn explore(&self) -> Result<Seen, String> {
        let start = State {
            time: 0,
            execution: Execution::Queued,
            fence: 0,
            ends: 0,
            workers: [Worker::Idle; 2],
            stands: [false; 2],
            messages: Vec::new(),
        };
        let mut seen = HashSet::from([start.clone()]);
        let mut open = VecDeque::from([start]);
        while let Some(state) = open.pop_front() {
            for next in self.next(&state)? {
                if next.fence < state.fence {
                    return Err(format!("the fence fell: {next:?}"));
                }
                self.check(&next)?;
                if seen.insert(next.clone()) {
                    open.push_back(next);
                }
            }
        }
        let taken_over = seen.iter().filter(|state| state.fence > 1);
        let ended_after = taken_over.clone().filter(|state| state.ends == 1);
        Ok(Seen {
            states: seen.len(),
            taken_over: taken_over.count(),
            ended_after: ended_after.count(),
        })
    }
}

#[test]
fn no_history_has_two_owners_or_two_ends() {
    let seen = Model { rule: Rule::Real }.explore().unwrap();
    println!("{seen:?}");
    assert!(seen.states > 10_000 && seen.taken_over > 1000 && seen.ended_after > 100);
}

#[test]
fn wrong_rules_are_found_out() {
    for (rule, expect) in [
        (Rule::NoFence, "an end under"),
        (Rule::NoCompareAndSet, "two owners"),
        (Rule::DeadlineFromAnswer, "two owners"),
    ] {
        let broken = Model { rule }.explore().unwrap_err();
        assert!(broken.contains(expect), "{broken}");
    }
}
