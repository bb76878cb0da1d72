//! Blackouts from an iCalendar file (RFC 5545).
//!
//! Events become entries; recurring ones are expanded. What could change when an event is and is not
//! understood refuses the whole file, with its line: a blackout that is silently missing is worse than
//! one that has to be written by hand. `docs/SCHEDULES.md` says what is understood.
//!
//! It is not a library for iCalendar: the crates for it either have no recurrences or bring a time zone
//! database of their own, which would disagree with the one that schedules follow.

mod event;
mod lines;
mod moment;
mod recurrence;

#[cfg(test)]
mod tests;

use jiff::{Timestamp, ToSpan as _, Zoned, civil::Date, tz::TimeZone};

use super::{BlackoutEntries, BlackoutEntry, entry::MAX_ENTRIES};
use crate::schedule::TimeZoneName;
use event::Event;
use lines::{Line, content_lines};
use recurrence::Budget;

/// The largest file, in bytes.
pub const MAX_ICS_BYTES: usize = 1 << 20;
/// How far ahead recurring events are expanded, in years.
pub const IMPORT_YEARS: i16 = 10;

/// A file that cannot be imported as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct IcsError {
    /// The line, the first being 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl IcsError {
    fn at(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            reason: reason.into(),
        }
    }
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcsImport {
    /// Its `X-WR-TIMEZONE`, the zone of times without one.
    pub timezone: Option<TimeZoneName>,
    /// Its `X-WR-CALNAME`.
    pub name: Option<String>,
    /// Its events.
    pub entries: BlackoutEntries,
    /// Where it has recurring events: the day until which they are expanded.
    pub expanded_until: Option<Date>,
}

/// Reads a file. Recurring events are expanded from `now` for [`IMPORT_YEARS`].
///
/// # Errors
/// Where anything in it is not understood, or it has too many events.
pub fn import_ics(bytes: &[u8], now: Timestamp) -> Result<IcsImport, IcsError> {
    if bytes.len() > MAX_ICS_BYTES {
        let reason = format!("the file has more than {MAX_ICS_BYTES} bytes");
        return Err(IcsError::at(1, reason));
    }
    let lines = content_lines(bytes)?;
    let mut reader = Reader::new(now)?;
    for line in &lines {
        reader.take(line)?;
    }
    reader.finish(lines.last().map_or(1, |line| line.number))
}

/// Where in the file the reader is.
enum Place {
    Outside,
    Calendar,
    Event(Box<Event>),
    /// In a component that says nothing about when events are, and where to go on after it.
    Skipped {
        name: String,
        event: Option<Box<Event>>,
    },
    Done,
}

struct Reader {
    place: Place,
    timezone: Option<TimeZoneName>,
    name: Option<String>,
    entries: Vec<BlackoutEntry>,
    recurs: bool,
    now: Timestamp,
    until: Zoned,
    budget: Budget,
}

impl Reader {
    fn new(now: Timestamp) -> Result<Self, IcsError> {
        let until = now
            .to_zoned(TimeZone::UTC)
            .checked_add(IMPORT_YEARS.years());
        let until = until.map_err(|error| IcsError::at(1, error.to_string()))?;
        Ok(Self {
            place: Place::Outside,
            timezone: None,
            name: None,
            entries: Vec::new(),
            recurs: false,
            now,
            until,
            budget: Budget::default(),
        })
    }

    fn take(&mut self, line: &Line) -> Result<(), IcsError> {
        let component = line.value.trim().to_ascii_uppercase();
        let place = std::mem::replace(&mut self.place, Place::Done);
        self.place = match (place, line.name.as_str()) {
            (Place::Outside, "BEGIN") if component == "VCALENDAR" => Place::Calendar,
            (Place::Outside, _) => return Err(line.error("a file begins with BEGIN:VCALENDAR")),
            (Place::Calendar, "BEGIN") => match component.as_str() {
                "VEVENT" => Place::Event(Box::new(Event::at(line.number))),
                "VTIMEZONE" => Place::Skipped {
                    name: component,
                    event: None,
                },
                _ => {
                    return Err(line.error(format!(
                        "there is no meaning for {component:?} here; only VEVENT and VTIMEZONE are understood"
                    )));
                }
            },
            (Place::Calendar, "END") if component == "VCALENDAR" => Place::Done,
            (Place::Calendar, _) => {
                self.property(line)?;
                Place::Calendar
            }
            (Place::Event(event), "BEGIN") if component == "VALARM" => Place::Skipped {
                name: component,
                event: Some(event),
            },
            (Place::Event(event), "END") if component == "VEVENT" => {
                self.event(*event)?;
                Place::Calendar
            }
            (Place::Event(mut event), _) => {
                event.take(line)?;
                Place::Event(event)
            }
            (Place::Skipped { name, event }, "END") if component == name => match event {
                Some(event) => Place::Event(event),
                None => Place::Calendar,
            },
            (skipped @ Place::Skipped { .. }, _) => skipped,
            (Place::Done, _) => return Err(line.error("there is something after END:VCALENDAR")),
        };
        Ok(())
    }

    fn property(&mut self, line: &Line) -> Result<(), IcsError> {
        match line.name.as_str() {
            "VERSION" if line.value.trim() != "2.0" => {
                Err(line.error("only version 2.0 of iCalendar is understood"))
            }
            "CALSCALE" if !line.value.trim().eq_ignore_ascii_case("GREGORIAN") => {
                Err(line.error("only the Gregorian calendar is understood"))
            }
            "X-WR-TIMEZONE" => {
                let zone = TimeZoneName::parse(line.value.trim());
                self.timezone = Some(zone.map_err(|error| line.error(error.to_string()))?);
                Ok(())
            }
            "X-WR-CALNAME" => {
                self.name = Some(lines::unescape(&line.value));
                Ok(())
            }
            "END" => Err(line.error("this ends what did not begin")),
            _ => Ok(()),
        }
    }

    fn event(&mut self, event: Event) -> Result<(), IcsError> {
        self.recurs |= event.recurs();
        let line = event.line();
        let room = MAX_ENTRIES.saturating_sub(self.entries.len());
        let entries = event.entries(self.now, self.until.timestamp(), &mut self.budget)?;
        if entries.len() > room {
            let reason = format!("with this event there are more than {MAX_ENTRIES} entries");
            return Err(IcsError::at(line, reason));
        }
        self.entries.extend(entries);
        Ok(())
    }

    fn finish(self, last: usize) -> Result<IcsImport, IcsError> {
        if !matches!(self.place, Place::Done) {
            return Err(IcsError::at(last, "the file ends before END:VCALENDAR"));
        }
        let entries = BlackoutEntries::new(self.entries);
        Ok(IcsImport {
            timezone: self.timezone,
            name: self.name,
            entries: entries.map_err(|error| IcsError::at(last, error.to_string()))?,
            expanded_until: self.recurs.then(|| self.until.date()),
        })
    }
}
