//! The days of a month that an expression names.

use jiff::civil::Date;
use sandglass_registry::{
    CronExpression,
    schedule::{DayRule, FieldPart},
};

/// Days as bits: bit 1 is the first of the month.
pub(super) type DayBits = u64;

/// The two day fields of an expression.
#[derive(Debug, Clone)]
pub(super) struct Days {
    of_month: DayBits,
    of_month_parts: Vec<FieldPart>,
    of_week: u64,
    of_week_parts: Vec<FieldPart>,
    rule: DayRule,
}

impl Days {
    pub(super) fn of(expression: &CronExpression) -> Self {
        let (of_month, of_week) = (expression.day_of_month(), expression.day_of_week());
        Self {
            of_month: of_month.values(),
            of_month_parts: of_month.parts().to_vec(),
            of_week: of_week.values(),
            of_week_parts: of_week.parts().to_vec(),
            rule: expression.day_rule(),
        }
    }

    /// The days of the month that begins with `first`.
    pub(super) fn in_month(&self, first: Date) -> DayBits {
        let month = Month {
            length: first.days_in_month().unsigned_abs(),
            first_weekday: first.weekday().to_sunday_zero_offset().unsigned_abs(),
        };
        let of_month = self
            .of_month_parts
            .iter()
            .fold(self.of_month, |days, part| {
                days | month.day_of_month(*part).map_or(0, |day| 1 << day)
            });
        let of_week = month.days().filter(|day| self.has_weekday(&month, *day));
        let of_week = of_week.fold(0, |days, day| days | 1 << day);
        let days = match self.rule {
            DayRule::Both => of_month & of_week,
            DayRule::Either => of_month | of_week,
        };
        days & month.days().fold(0, |days, day| days | 1 << day)
    }

    fn has_weekday(&self, month: &Month, day: u8) -> bool {
        let weekday = month.weekday(day);
        let sunday_as_seven = weekday == 0 && self.of_week & (1 << 7) != 0;
        let special = |part: &FieldPart| match *part {
            FieldPart::LastOf(wanted) => wanted == weekday && day + 7 > month.length,
            FieldPart::Nth {
                weekday: wanted,
                nth,
            } => wanted == weekday && (day - 1) / 7 + 1 == nth,
            _ => false,
        };
        self.of_week & (1 << weekday) != 0
            || sunday_as_seven
            || self.of_week_parts.iter().any(special)
    }
}

struct Month {
    length: u8,
    first_weekday: u8,
}

impl Month {
    fn days(&self) -> impl Iterator<Item = u8> + use<> {
        1..=self.length
    }

    /// 0 is Sunday.
    fn weekday(&self, day: u8) -> u8 {
        (self.first_weekday + day - 1) % 7
    }

    /// The day that a form stands for which counts from the end of the month or seeks a weekday.
    fn day_of_month(&self, part: FieldPart) -> Option<u8> {
        match part {
            FieldPart::LastDay { before } => (before < self.length).then(|| self.length - before),
            FieldPart::LastWeekday => Some(self.nearest_weekday(self.length)),
            FieldPart::NearestWeekday(day) => {
                (day <= self.length).then(|| self.nearest_weekday(day))
            }
            _ => None,
        }
    }

    /// The day from Monday to Friday that is nearest to `day` and in this month.
    fn nearest_weekday(&self, day: u8) -> u8 {
        match self.weekday(day) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}
