//! Compiled schedules, kept from one slot to the next.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use sandglass_registry::Schedule;

use crate::calendar::{Calendar, CalendarError};

/// How many compiled schedules are kept.
const MOST_KEPT: usize = 4096;

/// Compiled schedules. Compiling one takes twenty times as long as asking it for a slot.
#[derive(Debug, Default)]
pub(crate) struct Calendars(Mutex<HashMap<(String, String), Arc<Calendar>>>);

impl Calendars {
    /// The calendar of a schedule.
    pub(crate) fn of(&self, schedule: &Schedule) -> Result<Arc<Calendar>, CalendarError> {
        let Schedule::Cron {
            expression,
            timezone,
        } = schedule
        else {
            return Calendar::compile(schedule).map(Arc::new);
        };
        let key = (expression.as_str().to_owned(), timezone.as_str().to_owned());
        if let Some(calendar) = self.0.lock().get(&key) {
            return Ok(calendar.clone());
        }
        let calendar = Arc::new(Calendar::compile(schedule)?);
        let mut kept = self.0.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, calendar.clone());
        Ok(calendar)
    }
}
