//! A schedule in words.

use sandglass_registry::{
    CronExpression, Schedule, TimeZoneName,
    schedule::{CronField, DayRule, FieldPart},
};

/// The most times of day that are listed one by one.
const MOST_LISTED_TIMES: usize = 8;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// When a job with this schedule is due, as an English sentence without its full stop.
#[must_use]
pub fn describe(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Cron {
            expression,
            timezone,
        } => describe_cron(expression, timezone),
        Schedule::Interval { interval_seconds } => {
            let every = duration(*interval_seconds);
            format!("Every {every}, counted from when the job was saved or last due")
        }
        Schedule::Once { run_at } => format!("Once, at {run_at}"),
        Schedule::Manual => "Only when somebody asks".to_owned(),
    }
}

fn duration(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let unit = units
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (length, name) = unit.unwrap_or((1, "second"));
    match seconds / length {
        1 => name.to_owned(),
        number => format!("{number} {name}s"),
    }
}

fn describe_cron(expression: &CronExpression, zone: &TimeZoneName) -> String {
    let time = time(expression.minute(), expression.hour());
    let day = days(expression);
    let month = match expression.month() {
        month if month.is_star() => String::new(),
        month => {
            let names = bits(month.values()).filter_map(|it| MONTHS.get(it.checked_sub(1)?));
            format!(" in {}", list(names.map(|it| (*it).to_owned()).collect()))
        }
    };
    let day = match day.is_empty() && time.starts_with("At ") && !time.contains("hour") {
        true if month.is_empty() => " every day",
        true => " on every day",
        false => &day,
    };
    format!("{time}{day}{month}, {zone} time")
}

fn time(minute: &CronField, hour: &CronField) -> String {
    let minutes: Vec<usize> = bits(minute.values()).collect();
    let hours: Vec<usize> = bits(hour.values()).collect();
    let is_few = minutes.len() * hours.len() <= MOST_LISTED_TIMES;
    if is_few && !minute.is_star() && !hour.is_star() {
        let times = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |it| format!("{hour:02}:{it:02}")));
        return format!("At {}", list(times.collect()));
    }
    let minute = match minute.parts() {
        [FieldPart::Every { step: 1 }] => "Every minute".to_owned(),
        [FieldPart::Every { step }] if 60_u8.is_multiple_of(*step) => {
            format!("Every {step} minutes")
        }
        _ => match minutes.as_slice() {
            [only] => format!("At minute {only}"),
            _ => format!("At minutes {}", list(ranges(&minutes))),
        },
    };
    let hour = match (hour.parts(), hours.as_slice()) {
        ([FieldPart::Every { step: 1 }], _) if minute.starts_with("Every") => String::new(),
        ([FieldPart::Every { step: 1 }], _) => " of every hour".to_owned(),
        ([FieldPart::Range { from, to, step: 1 }], _) => {
            format!(" of the hours from {from:02}:00 to {to:02}:59")
        }
        (_, hours) => format!(" of the hours {}", list(ranges(hours))),
    };
    format!("{minute}{hour}")
}

fn days(expression: &CronExpression) -> String {
    let (of_month, of_week) = (expression.day_of_month(), expression.day_of_week());
    let joined = match expression.day_rule() {
        DayRule::Both => "and that is",
        DayRule::Either => "or on",
    };
    match (of_month.is_star(), of_week.is_star()) {
        (true, true) => String::new(),
        (false, true) => format!(" on {}", days_of_month(of_month)),
        (true, false) => format!(" on {}", days_of_week(of_week)),
        (false, false) => format!(
            " on {} {joined} {}",
            days_of_month(of_month),
            days_of_week(of_week)
        ),
    }
}

fn days_of_month(field: &CronField) -> String {
    let plain: Vec<usize> = bits(field.values()).collect();
    let mut parts = match (field.parts(), plain.as_slice()) {
        (_, []) => Vec::new(),
        ([FieldPart::Every { step }], _) => {
            vec![format!("every {} day from the 1st", ordinal(*step))]
        }
        (_, [only]) => vec![format!("day {only}")],
        (_, several) => vec![format!("days {}", list(ranges(several)))],
    };
    parts.extend(field.parts().iter().filter_map(|part| match part {
        FieldPart::LastDay { before: 0 } => Some("the last day".to_owned()),
        FieldPart::LastDay { before: 1 } => Some("the day before the last".to_owned()),
        FieldPart::LastDay { before } => Some(format!("the day {before} days before the last")),
        FieldPart::LastWeekday => Some("the last day from Monday to Friday".to_owned()),
        FieldPart::NearestWeekday(day) => Some(format!(
            "the day from Monday to Friday nearest to the {}",
            ordinal(*day)
        )),
        _ => None,
    }));
    format!("{} of the month", list(parts))
}

fn days_of_week(field: &CronField) -> String {
    let name = |day: u8| WEEKDAYS.get(usize::from(day % 7)).copied().unwrap_or("?");
    let parts = field.parts().iter().flat_map(|part| match *part {
        FieldPart::Every { step } => (0..=7)
            .step_by(usize::from(step.max(1)))
            .map(|day| name(day).to_owned())
            .collect(),
        FieldPart::Range { from, to, step: 1 } if to - from >= 2 => {
            vec![format!("{} to {}", name(from), name(to))]
        }
        FieldPart::Range { from, to, step } => (from..=to)
            .step_by(usize::from(step.max(1)))
            .map(|day| name(day).to_owned())
            .collect(),
        FieldPart::LastOf(day) => vec![format!("the last {} of the month", name(day))],
        FieldPart::Nth { weekday, nth } => {
            vec![format!(
                "the {} {} of the month",
                ordinal(nth),
                name(weekday)
            )]
        }
        _ => Vec::new(),
    });
    let mut all: Vec<String> = Vec::new();
    for part in parts {
        if !all.contains(&part) {
            all.push(part);
        }
    }
    list(all)
}

/// The bits that are set.
fn bits(values: u64) -> impl Iterator<Item = usize> {
    (0..64_usize).filter(move |bit| values & (1 << bit) != 0)
}

/// Numbers in words, three and more in a row as a range.
fn ranges(numbers: &[usize]) -> Vec<String> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs.into_iter()
        .flat_map(|(from, to)| match to - from {
            0 => vec![from.to_string()],
            1 => vec![from.to_string(), to.to_string()],
            _ => vec![format!("{from} to {to}")],
        })
        .collect()
}

fn list(mut parts: Vec<String>) -> String {
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}

fn ordinal(number: u8) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests;
