//! Random expressions, zones and starts.

use jiff::{Timestamp, tz::TimeZone};
use sandglass_registry::TimeZoneName;

/// A small generator of numbers that a seed decides (SplitMix64).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn within(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(of.len() as u64)).unwrap();
        &of[index]
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// Which day forms an expression may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Forms {
    /// Those that cronsim knows too.
    Shared,
    /// All of them.
    All,
}

/// A random expression.
pub(super) fn expression(numbers: &mut Numbers, forms: Forms) -> String {
    let minute = plain_field(numbers, 0, 59, 3);
    let hour = match numbers.below(4) {
        // The hours at which most clocks are changed.
        0 => numbers
            .one_of(&["0", "1", "2", "3", "1,4", "0-3", "23"])
            .to_string(),
        _ => plain_field(numbers, 0, 23, 3),
    };
    let day_of_month = match numbers.below(6) {
        0 | 1 => plain_field(numbers, 1, 31, 1),
        2 => special_day_of_month(numbers, forms),
        _ => "*".to_owned(),
    };
    let month = match numbers.below(4) {
        0 => plain_field(numbers, 1, 12, 2),
        1 => numbers
            .one_of(&["jan", "mar-Nov", "OCT,4", "*/3"])
            .to_string(),
        _ => "*".to_owned(),
    };
    let day_of_week = match numbers.below(6) {
        0 | 1 => plain_field(numbers, 0, 7, 2),
        2 => special_day_of_week(numbers),
        _ => "*".to_owned(),
    };
    format!("{minute} {hour} {day_of_month} {month} {day_of_week}")
}

fn plain_field(numbers: &mut Numbers, least: u64, most: u64, star_in: u64) -> String {
    if numbers.one_in(star_in + 1) {
        return match numbers.one_in(2) {
            true => "*".to_owned(),
            false => format!("*/{}", numbers.within(1, most.min(20))),
        };
    }
    let mut part = || {
        let (one, other) = (numbers.within(least, most), numbers.within(least, most));
        let (from, to) = (one.min(other), one.max(other));
        match numbers.below(6) {
            0 => format!("{from}-{to}"),
            // One value with a step means something else to cronsim, so that ranges have two at least.
            1 if from < to => format!("{from}-{to}/{}", numbers.within(1, (to - from).min(most))),
            _ => from.to_string(),
        }
    };
    let first = part();
    match first.len() % 3 {
        0 => format!("{first},{}", part()),
        _ => first,
    }
}

fn special_day_of_month(numbers: &mut Numbers, forms: Forms) -> String {
    let day = numbers.within(1, 31);
    match (numbers.below(6), forms) {
        (0, Forms::All) => format!("{day}W"),
        (1, Forms::All) => format!("L-{}", numbers.within(1, 30)),
        (2, Forms::All) => format!("L-3,{day}w"),
        (0 | 1, _) => "LW".to_owned(),
        (3, _) => format!("{day},L"),
        _ => "L".to_owned(),
    }
}

fn special_day_of_week(numbers: &mut Numbers) -> String {
    let day = numbers.below(8);
    match numbers.below(5) {
        0 => format!("{day}L"),
        1 => format!("{day}#{}", numbers.within(1, 5)),
        2 => format!("{day}#{},{}L", numbers.within(1, 5), numbers.below(8)),
        3 => "mon-FRI".to_owned(),
        _ => format!("Tue#{}", numbers.within(1, 5)),
    }
}

/// A zone and an instant in it, every other time within three days of a change of its clocks.
pub(super) fn zone_and_start(numbers: &mut Numbers, zones: &[&str]) -> (TimeZoneName, Timestamp) {
    let name = TimeZoneName::parse(numbers.one_of::<&str>(zones)).unwrap();
    let begin: Timestamp = "2015-01-01T00:00:00Z".parse().unwrap();
    let seconds = i64::try_from(numbers.below(20 * 366 * 86_400)).unwrap();
    let start = Timestamp::from_second(begin.as_second() + seconds).unwrap();
    let change = match numbers.one_in(2) {
        true => next_change(&name.zone().unwrap(), start),
        false => None,
    };
    let start = match change {
        Some(change) => {
            let reach = *numbers.one_of(&[3_u64, 30, 72]) * 3600;
            let around = i64::try_from(numbers.below(reach)).unwrap();
            let before = change.as_second() - around * 9 / 10 + i64::try_from(reach / 30).unwrap();
            Timestamp::from_second(before).unwrap()
        }
        None => start,
    };
    // Half of the starts lie on a whole minute, where a run may be.
    let start = match numbers.one_in(2) {
        true => Timestamp::from_second(start.as_second() / 60 * 60).unwrap(),
        false => start,
    };
    (name, start)
}

fn next_change(zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    zone.following(after).next().map(|it| it.timestamp())
}
