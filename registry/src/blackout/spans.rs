//! Blackout calendars made ready to be asked about moments.

use std::fmt;

use jiff::Timestamp;

use super::BlackoutCalendar;

/// An entry of a calendar that covers a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blackout {
    /// The name of the calendar.
    pub calendar: String,
    /// The label of the entry.
    pub label: String,
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl fmt::Display for Blackout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.calendar, self.label)
    }
}

/// The blackouts of several calendars together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blackouts {
    /// By their start.
    spans: Vec<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    blackout: Blackout,
    /// The latest end of this one and all before it.
    reach: Timestamp,
}

impl Blackouts {
    /// The blackouts of these calendars.
    pub fn of<'a>(calendars: impl IntoIterator<Item = &'a BlackoutCalendar>) -> Self {
        let mut blackouts: Vec<Blackout> = calendars.into_iter().flat_map(blackouts_of).collect();
        blackouts.sort_by_key(|it| it.start);
        let mut reach = Timestamp::MIN;
        let spans = blackouts.into_iter().map(|blackout| {
            reach = reach.max(blackout.end);
            Span { blackout, reach }
        });
        Self {
            spans: spans.collect(),
        }
    }

    /// The blackout that covers a moment, the one that began last where there are several.
    #[must_use]
    pub fn covering(&self, at: Timestamp) -> Option<Blackout> {
        let begun = self.spans.partition_point(|it| it.blackout.start <= at);
        let begun = self.spans.get(..begun).unwrap_or_default();
        let reaching = begun.iter().rev().take_while(|it| it.reach > at);
        let mut covering = reaching.filter(|it| it.blackout.end > at);
        covering.next().map(|it| it.blackout.clone())
    }
}

fn blackouts_of(calendar: &BlackoutCalendar) -> Vec<Blackout> {
    let Ok(zone) = calendar.timezone.zone() else {
        return Vec::new();
    };
    let entries = calendar.entries.as_slice().iter();
    let spans = entries.filter_map(|entry| {
        let (start, end) = entry.span(&zone)?;
        Some(Blackout {
            calendar: calendar.name.as_str().to_owned(),
            label: entry.label().as_str().to_owned(),
            start,
            end,
        })
    });
    spans.collect()
}
