//! Numbers of the four types that BSON has, compared exactly across types.
//!
//! `NaN` is equal to itself and less than every other number, as in MongoDB's sort order.

use std::cmp::Ordering;

use crate::{
    decimal::{Decimal, FiniteDecimal},
    value::ValueRef,
};

/// A number of any of BSON's types.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Integer(i64),
    Double(f64),
    Decimal(Decimal),
}

/// Where a number lies when only kinds are looked at; in their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    NotANumber,
    NegativeInfinity,
    Finite,
    PositiveInfinity,
}

impl Number {
    pub(crate) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Int32(number) => Some(Self::Integer(number.into())),
            ValueRef::Int64(number) => Some(Self::Integer(number)),
            ValueRef::Double(number) => Some(Self::Double(number)),
            ValueRef::Decimal128(number) => Some(Self::Decimal(number.into())),
            _ => None,
        }
    }

    pub(crate) fn is_nan(self) -> bool {
        self.kind() == Kind::NotANumber
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        self.kind()
            .cmp(&other.kind())
            .then_with(|| match (self.finite(), other.finite()) {
                (Some(left), Some(right)) => left.compare(right),
                _ => Ordering::Equal,
            })
    }

    /// The number without its fraction, where it is finite and fits in 64 bits.
    pub(crate) fn truncated(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Double(number) => truncated(number),
            Self::Decimal(Decimal::Finite(number)) => number.truncated(),
            Self::Decimal(_) => None,
        }
    }

    /// The number where it is whole and fits in 64 bits.
    pub(crate) fn whole(self) -> Option<i64> {
        let whole = self.truncated()?;
        (self.compare(Self::Integer(whole)) == Ordering::Equal).then_some(whole)
    }

    fn kind(self) -> Kind {
        let (is_nan, is_infinite, is_negative) = match self {
            Self::Integer(_) => (false, false, false),
            Self::Double(number) => (number.is_nan(), number.is_infinite(), number < 0.0),
            Self::Decimal(Decimal::NotANumber) => (true, false, false),
            Self::Decimal(Decimal::Infinite { negative }) => (false, true, negative),
            Self::Decimal(Decimal::Finite(_)) => (false, false, false),
        };
        match (is_nan, is_infinite, is_negative) {
            (true, _, _) => Kind::NotANumber,
            (_, true, true) => Kind::NegativeInfinity,
            (_, true, false) => Kind::PositiveInfinity,
            _ => Kind::Finite,
        }
    }

    fn finite(self) -> Option<Finite> {
        match self {
            Self::Integer(number) => Some(Finite::Integer(number)),
            Self::Double(number) => number.is_finite().then_some(Finite::Double(number)),
            Self::Decimal(Decimal::Finite(number)) => Some(Finite::Decimal(number)),
            Self::Decimal(_) => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Finite {
    Integer(i64),
    Double(f64),
    Decimal(FiniteDecimal),
}

impl Finite {
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(&right),
            (Self::Integer(left), Self::Double(right)) => compare_integer(left, right),
            (Self::Integer(left), Self::Decimal(right)) => FiniteDecimal::from(left).compare(right),
            (Self::Double(left), Self::Double(right)) => {
                left.partial_cmp(&right).unwrap_or(Ordering::Equal)
            }
            (Self::Decimal(left), Self::Double(right)) => left.compare_double(right),
            (Self::Decimal(left), Self::Decimal(right)) => left.compare(right),
            (Self::Double(_), Self::Integer(_) | Self::Decimal(_))
            | (Self::Decimal(_), Self::Integer(_)) => other.compare(self).reverse(),
        }
    }
}

/// 2^63, the first double that is too large for 64 bits.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

#[allow(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
fn truncated(number: f64) -> Option<i64> {
    (-TOO_LARGE..TOO_LARGE)
        .contains(&number)
        .then(|| number.trunc() as i64)
}

fn compare_integer(left: i64, right: f64) -> Ordering {
    match truncated(right) {
        Some(whole) => left
            .cmp(&whole)
            .then_with(|| 0.0.partial_cmp(&right.fract()).unwrap_or(Ordering::Equal)),
        None if right > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    }
}
