//! Arithmetic on values by MongoDB's rules for types: whole numbers stay whole and grow from 32 to
//! 64 bits; a double makes the result a double. Decimals are not calculated with.

use crate::Value;

/// Why two values cannot be calculated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArithmeticError {
    NotANumber,
    Decimal,
    Overflow,
}

impl ArithmeticError {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NotANumber => "the field does not hold a number",
            Self::Decimal => "decimal numbers can be stored and compared, but not calculated with",
            Self::Overflow => "the result does not fit in 64 bits",
        }
    }
}

/// A number to calculate with.
#[derive(Debug, Clone, Copy)]
enum Operand {
    Int(i32),
    Long(i64),
    Double(f64),
}

pub(crate) fn add(left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    calculate(left, right, i64::checked_add, |left, right| left + right)
}

pub(crate) fn multiply(left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    calculate(left, right, i64::checked_mul, |left, right| left * right)
}

/// Refuses what cannot be calculated with.
pub(crate) fn check_operand(value: &Value) -> Result<(), ArithmeticError> {
    operand(value).map(|_| ())
}

/// The nearest double of a number.
#[allow(
    clippy::cast_precision_loss,
    reason = "the rule of MongoDB: a double makes the result a double"
)]
pub(crate) fn as_double(value: &Value) -> Result<f64, ArithmeticError> {
    Ok(match operand(value)? {
        Operand::Int(number) => f64::from(number),
        Operand::Long(number) => number as f64,
        Operand::Double(number) => number,
    })
}

fn calculate(
    left: &Value,
    right: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    double: fn(f64, f64) -> f64,
) -> Result<Value, ArithmeticError> {
    let is_short = |operand| matches!(operand, Operand::Int(_));
    match (operand(left)?, operand(right)?) {
        (Operand::Double(_), _) | (_, Operand::Double(_)) => {
            Ok(Value::Double(double(as_double(left)?, as_double(right)?)))
        }
        (
            first @ (Operand::Int(_) | Operand::Long(_)),
            second @ (Operand::Int(_) | Operand::Long(_)),
        ) => {
            let result = whole(as_long(first), as_long(second)).ok_or(ArithmeticError::Overflow)?;
            Ok(match i32::try_from(result) {
                Ok(short) if is_short(first) && is_short(second) => Value::Int32(short),
                _ => Value::Int64(result),
            })
        }
    }
}

fn operand(value: &Value) -> Result<Operand, ArithmeticError> {
    match value {
        Value::Int32(number) => Ok(Operand::Int(*number)),
        Value::Int64(number) => Ok(Operand::Long(*number)),
        Value::Double(number) => Ok(Operand::Double(*number)),
        Value::Decimal128(_) => Err(ArithmeticError::Decimal),
        _ => Err(ArithmeticError::NotANumber),
    }
}

fn as_long(operand: Operand) -> i64 {
    match operand {
        Operand::Int(number) => number.into(),
        Operand::Long(number) => number,
        Operand::Double(_) => 0,
    }
}
