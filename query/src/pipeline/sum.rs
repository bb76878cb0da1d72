//! Sums and averages of numbers.
//!
//! A sum of whole numbers is whole as long as it fits in 64 bits, and a double beyond that or where
//! any number is a double. Doubles are summed with compensation for rounding (Neumaier,
//! "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974). What is no
//! number is passed over.

use crate::{DatabaseError, Value, arithmetic::ArithmeticError};

/// Numbers summed so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    whole: i128,
    double: f64,
    compensation: f64,
    widest: Widest,
    count: u64,
}

/// The widest type among the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Widest {
    #[default]
    Int,
    Long,
    Double,
}

impl Sum {
    pub(super) fn add(&mut self, value: &Value) -> Result<(), DatabaseError> {
        let width = match value {
            Value::Int32(number) => {
                self.whole += i128::from(*number);
                Widest::Int
            }
            Value::Int64(number) => {
                self.whole += i128::from(*number);
                Widest::Long
            }
            Value::Double(number) => {
                self.add_double(*number);
                Widest::Double
            }
            Value::Decimal128(_) => {
                return Err(DatabaseError::InvalidArgument(
                    ArithmeticError::Decimal.message().to_owned(),
                ));
            }
            _ => return Ok(()),
        };
        self.widest = self.widest.max(width);
        self.count += 1;
        Ok(())
    }

    pub(super) fn total(&self) -> Value {
        if self.widest == Widest::Double {
            return Value::Double(self.as_double());
        }
        match (i32::try_from(self.whole), i64::try_from(self.whole)) {
            (Ok(short), _) if self.widest == Widest::Int => Value::Int32(short),
            (_, Ok(long)) => Value::Int64(long),
            _ => Value::Double(self.as_double()),
        }
    }

    /// The mean, or null of nothing.
    #[allow(
        clippy::cast_precision_loss,
        reason = "an average is a double, and counts stay far below 2^53"
    )]
    pub(super) fn average(&self) -> Value {
        if self.count == 0 {
            return Value::Null;
        }
        Value::Double(self.as_double() / self.count as f64)
    }

    fn add_double(&mut self, number: f64) {
        let total = self.double + number;
        if total.is_finite() {
            self.compensation += if self.double.abs() >= number.abs() {
                (self.double - total) + number
            } else {
                (number - total) + self.double
            };
        }
        self.double = total;
    }

    /// The sum as a double, rounded once.
    fn as_double(&self) -> f64 {
        let (high, low) = split(self.whole);
        let total = self.double + high;
        if !total.is_finite() {
            return total;
        }
        let error = if self.double.abs() >= high.abs() {
            (self.double - total) + high
        } else {
            (high - total) + self.double
        };
        total + (error + self.compensation + low)
    }
}

/// The nearest double of a whole number, and what is missing.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what the first cast loses is the second number"
)]
fn split(number: i128) -> (f64, f64) {
    let high = number as f64;
    (high, (number - high as i128) as f64)
}
