//! The acting half of the scheduler: it tells the core what happens and carries out what the core says.
//!
//! [`drive`] is the one loop. Everything that takes time is a task of its own that comes back with an
//! event, so that the loop never waits for anything but the next event.

mod bells;
mod bounds;
mod calendars;
mod carry_out;
mod reporting;
mod runs;
mod slots;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::{
    core::{Event, Machine, MachineSettings, Now, poll},
    service::Shared,
};
pub(crate) use bells::Bells;
pub(crate) use calendars::Calendars;
use carry_out::carry_out;
pub(crate) use reporting::{listen_on, report_on};
pub(crate) use runs::{Lease, Runs};

/// How many workers one execution may lose before it is given up.
const MOST_LOST_LEASES: u32 = 5;

/// Drives the core until everything shall stop.
pub(crate) async fn drive(
    shared: Arc<Shared>,
    mut events: mpsc::UnboundedReceiver<Event>,
    tasks: TaskTracker,
) {
    let settings = MachineSettings {
        host: shared.settings.host.name.clone(),
        labels: shared.settings.host.labels.clone(),
        places: shared.settings.host.places(),
        lease: shared.settings.lease,
        most_lost_leases: MOST_LOST_LEASES,
        poll: poll(shared.store.sharing(), &shared.settings.host.instance),
    };
    let mut machine = Machine::new(settings, now(&shared));
    let mut event = Event::Woken;
    loop {
        for command in machine.handle(now(&shared), event) {
            carry_out(&shared, &tasks, command);
        }
        shared.drained.send_replace(machine.is_drained());
        let wait = machine.wake_at().saturating_sub(shared.clock.monotonic());
        event = tokio::select! {
            () = shared.stopped.cancelled() => return,
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
            () = shared.clock.sleep(wait) => Event::Woken,
        };
    }
}

fn now(shared: &Shared) -> Now {
    Now {
        wall: shared.clock.now(),
        monotonic: shared.clock.monotonic(),
    }
}
