//! One event (RFC 5545 §3.6.1) and the entries that it becomes.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    IcsError,
    lines::{Line, unescape},
    moment::{Length, Moment, length, moments, only_moment},
    recurrence::{Bounds, Budget, Rule},
};
use crate::blackout::{BlackoutEntry, BlackoutError, BlackoutLabel, BlackoutMoment};

/// The longest label, in characters; a summary that is longer is cut.
const LABEL_CHARACTERS: usize = 200;

/// Properties that say nothing about when an event is.
const WITHOUT_EFFECT: [&str; 20] = [
    "UID",
    "DTSTAMP",
    "CREATED",
    "LAST-MODIFIED",
    "SEQUENCE",
    "DESCRIPTION",
    "LOCATION",
    "GEO",
    "URL",
    "CLASS",
    "PRIORITY",
    "CATEGORIES",
    "TRANSP",
    "ORGANIZER",
    "ATTENDEE",
    "CONTACT",
    "COMMENT",
    "ATTACH",
    "RESOURCES",
    "RELATED-TO",
];

/// What was read of an event so far.
pub(super) struct Event {
    line: usize,
    start: Option<(Line, Moment)>,
    end: Option<(Line, Moment)>,
    length: Option<(Line, Length)>,
    rule: Option<Line>,
    except: Vec<(Line, Moment)>,
    label: String,
}

impl Event {
    /// An event that begins at a line.
    pub(super) const fn at(line: usize) -> Self {
        Self {
            line,
            start: None,
            end: None,
            length: None,
            rule: None,
            except: Vec::new(),
            label: String::new(),
        }
    }

    pub(super) const fn line(&self) -> usize {
        self.line
    }

    /// Whether it comes more than once.
    pub(super) const fn recurs(&self) -> bool {
        self.rule.is_some()
    }

    /// Reads a property.
    pub(super) fn take(&mut self, line: &Line) -> Result<(), IcsError> {
        match line.name.as_str() {
            "DTSTART" => once(&mut self.start, line, only_moment(line)?),
            "DTEND" => once(&mut self.end, line, only_moment(line)?),
            "DURATION" => once(&mut self.length, line, length(line)?),
            "RRULE" if self.rule.is_some() => {
                Err(line.error("an event has at most one RRULE here"))
            }
            "RRULE" => {
                self.rule = Some(line.clone());
                Ok(())
            }
            "EXDATE" => {
                let found = moments(line)?.into_iter().map(|it| (line.clone(), it));
                self.except.extend(found);
                Ok(())
            }
            "SUMMARY" => {
                let label = unescape(&line.value);
                self.label = label.chars().take(LABEL_CHARACTERS).collect();
                Ok(())
            }
            "STATUS" if line.value.trim().eq_ignore_ascii_case("CANCELLED") => Err(line.error(
                "this event is cancelled; take it out of the file, so that it is clear that it does not count",
            )),
            "STATUS" => Ok(()),
            "RECURRENCE-ID" | "RDATE" | "EXRULE" => Err(line.error(format!(
                "{} is not understood; write the event out as events of their own",
                line.name
            ))),
            name if name.starts_with("X-") || WITHOUT_EFFECT.contains(&name) => Ok(()),
            name => Err(line.error(format!("{name} is not understood in an event"))),
        }
    }

    /// The entries that it becomes. A recurring event leaves out what has ended by `now` and what
    /// begins after `until`.
    pub(super) fn entries(
        self,
        now: Timestamp,
        until: Timestamp,
        budget: &mut Budget,
    ) -> Result<Vec<BlackoutEntry>, IcsError> {
        let line = self.line;
        let Some((start_line, start)) = &self.start else {
            return Err(IcsError::at(line, "this event has no DTSTART"));
        };
        let length = self.length_from(start_line, start)?;
        let label = match self.label.as_str() {
            "" => BlackoutLabel::parse("Blackout"),
            label => BlackoutLabel::parse(label),
        };
        let label = label.map_err(|error| IcsError::at(line, error.to_string()))?;
        let entry = |start: Moment| {
            let end = length.after(&start);
            let end = end.ok_or_else(|| start_line.error("this event ends after all time"))?;
            to_entry(&start, &end, label.clone()).map_err(|error| match error {
                Some(BlackoutError::Year) => start_line.error(BlackoutError::Year.to_string()),
                _ => start_line
                    .error("this event does not end after it begins, so that it covers nothing"),
            })
        };
        let Some(rule_line) = &self.rule else {
            if let Some((line, _)) = self.except.first() {
                return Err(line.error("EXDATE is for events that recur, and this has no RRULE"));
            }
            return Ok(vec![entry(start.clone())?]);
        };
        let except = self.exceptions(start)?;
        let rule = Rule::parse(rule_line, start)?;
        let has_ended = |moment: &Moment| {
            let end = length
                .after(moment)
                .and_then(|it| it.instant(&TimeZone::UTC));
            // Days and floating times are a day further east or west at the most.
            let end = end.and_then(|it| it.checked_add(SignedDuration::from_hours(24)).ok());
            end.is_some_and(|end| end < now)
        };
        let bounds = Bounds { start, until };
        let occurrences = rule.occurrences(rule_line, &bounds, budget)?;
        occurrences
            .into_iter()
            .filter(|local| !except.contains(local))
            .map(|local| start.showing(local))
            .filter(|moment| !has_ended(moment))
            .map(entry)
            .collect()
    }

    fn length_from(&self, start_line: &Line, start: &Moment) -> Result<Length, IcsError> {
        match (&self.end, &self.length) {
            (Some((line, _)), Some(_)) => {
                Err(line.error("an event has DTEND or DURATION and not both"))
            }
            (None, Some((line, length))) => match start {
                Moment::Day(_) if !length.time.is_zero() => {
                    Err(line.error("an event of whole days has a duration of whole days"))
                }
                _ => Ok(*length),
            },
            (Some((line, end)), None) => {
                let between = between(start, end);
                between.ok_or_else(|| line.error("DTEND is not of the kind that DTSTART is"))
            }
            (None, None) => match start {
                Moment::Day(_) => Ok(Length {
                    days: 1,
                    time: SignedDuration::ZERO,
                }),
                _ => Err(start_line.error("this event has no DTEND and no DURATION")),
            },
        }
    }

    /// The starts that are left out, as the zone of the event shows them.
    fn exceptions(&self, start: &Moment) -> Result<Vec<DateTime>, IcsError> {
        let shown = |(line, moment): &(Line, Moment)| match (start, moment) {
            (Moment::Day(_), Moment::Day(_)) | (Moment::Floating(_), Moment::Floating(_)) => {
                Ok(moment.local())
            }
            (Moment::Zoned(_, zone), Moment::Zoned(..)) => {
                let at = moment.instant(zone);
                let at = at.ok_or_else(|| line.error("this is not a moment"))?;
                Ok(zone.to_datetime(at))
            }
            _ => Err(line.error("EXDATE is not of the kind that DTSTART is")),
        };
        self.except.iter().map(shown).collect()
    }
}

fn once<T>(place: &mut Option<(Line, T)>, line: &Line, value: T) -> Result<(), IcsError> {
    if place.is_some() {
        return Err(line.error(format!("this event has {} twice", line.name)));
    }
    *place = Some((line.clone(), value));
    Ok(())
}

fn between(start: &Moment, end: &Moment) -> Option<Length> {
    let (days, time) = match (start, end) {
        (Moment::Day(start), Moment::Day(end)) => {
            let days = start.until(*end).ok()?.get_days();
            (days, SignedDuration::ZERO)
        }
        (Moment::Floating(start), Moment::Floating(end)) => (0, end.duration_since(*start)),
        (Moment::Zoned(_, zone), Moment::Zoned(..)) => {
            let time = end.instant(zone)?.duration_since(start.instant(zone)?);
            (0, time)
        }
        _ => return None,
    };
    Some(Length { days, time })
}

/// The entry from `start` to `end`; the error is missing where they are no moments at all.
fn to_entry(
    start: &Moment,
    end: &Moment,
    label: BlackoutLabel,
) -> Result<BlackoutEntry, Option<BlackoutError>> {
    let ends = match (start, end) {
        (Moment::Day(first), Moment::Day(end)) if first.tomorrow().is_ok_and(|it| it == *end) => {
            return BlackoutEntry::day(*first, label).map_err(Some);
        }
        (Moment::Zoned(..), _) => [start, end].map(|it| {
            let at = it.instant(&TimeZone::UTC)?;
            Some(BlackoutMoment::Instant(at))
        }),
        _ => [start, end].map(|it| Some(BlackoutMoment::Local(it.local()))),
    };
    let [Some(start), Some(end)] = ends else {
        return Err(None);
    };
    BlackoutEntry::range(start, end, label).map_err(Some)
}
