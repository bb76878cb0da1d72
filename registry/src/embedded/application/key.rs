//! The key of an `_id`: bytes that are equal exactly where two values are equal in the sense of
//! [`sandglass_query::compare`], so that SQLite can keep `_id`s unique and look them up.
//!
//! Numbers, texts, times and ObjectIds have keys in their own order too, which puts rising ids at the
//! end of the index; nothing relies on it.

use std::cmp::Ordering;

use bson::Decimal128;
use sandglass_query::{Document, Value, compare};

/// The key of a value.
pub(super) fn key(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20);
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::MinKey => out.push(0),
        Value::Undefined => out.push(1),
        Value::Null => out.push(2),
        Value::Int32(number) => integer((*number).into(), out),
        Value::Int64(number) => integer(*number, out),
        Value::Double(number) => double(*number, out),
        Value::Decimal128(number) => decimal(*number, out),
        Value::String(words) | Value::Symbol(words) => text(4, words, out),
        Value::Document(document) => fields(5, document, out),
        Value::Array(values) => {
            out.push(6);
            for value in values {
                out.push(1);
                write(value, out);
            }
            out.push(0);
        }
        Value::Binary(binary) => {
            out.push(7);
            out.extend((binary.bytes.len() as u64).to_be_bytes());
            out.push(binary.subtype.into());
            out.extend(&binary.bytes);
        }
        Value::ObjectId(id) => {
            out.push(8);
            out.extend(id.bytes());
        }
        Value::Boolean(truth) => out.extend([9, u8::from(*truth)]),
        Value::DateTime(time) => {
            out.push(10);
            out.extend(in_order(time.timestamp_millis()));
        }
        Value::Timestamp(timestamp) => {
            out.push(11);
            out.extend(timestamp.time.to_be_bytes());
            out.extend(timestamp.increment.to_be_bytes());
        }
        Value::RegularExpression(regex) => {
            text(12, regex.pattern.as_str(), out);
            text(12, regex.options.as_str(), out);
        }
        Value::DbPointer(pointer) => {
            text(13, &Value::DbPointer(pointer.clone()).to_string(), out);
        }
        Value::JavaScriptCode(code) => text(14, code, out),
        Value::JavaScriptCodeWithScope(code) => {
            text(15, &code.code, out);
            fields(15, &code.scope, out);
        }
        Value::MaxKey => out.push(16),
    }
}

fn fields(rank: u8, document: &Document, out: &mut Vec<u8>) {
    out.push(rank);
    for (name, value) in document {
        text(1, name, out);
        write(value, out);
    }
    out.push(0);
}

/// A text, ended by two zeros; a zero inside is followed by 255.
fn text(rank: u8, text: &str, out: &mut Vec<u8>) {
    out.push(rank);
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(255);
        }
    }
    out.extend([0, 0]);
}

const NUMBER: u8 = 3;

fn integer(number: i64, out: &mut Vec<u8>) {
    #[allow(
        clippy::cast_precision_loss,
        reason = "whether it was lost is asked next"
    )]
    let nearest = number as f64;
    double(nearest, out);
    if compare(&Value::Int64(number), &Value::Double(nearest)) != Ordering::Equal {
        out.push(1);
        out.extend(in_order(number));
    }
}

/// The bits of a double in its order (IEEE 754-2019, 5.10), with one zero and one NaN.
fn double(number: f64, out: &mut Vec<u8>) {
    out.push(NUMBER);
    let bits = match number {
        number if number.is_nan() => 0,
        0.0 => 1 << 63,
        number if number < 0.0 => !number.to_bits(),
        number => number.to_bits() | 1 << 63,
    };
    out.extend(bits.to_be_bytes());
}

/// A decimal has the key of the integer or the double that it is equal to. One that is equal to none
/// has its digits, without zeros at the end, and its exponent.
fn decimal(number: Decimal128, out: &mut Vec<u8>) {
    let written = number.to_string();
    let nearest = written.parse().unwrap_or(f64::NAN);
    let value = Value::Decimal128(number);
    if compare(&value, &Value::Double(nearest)) == Ordering::Equal {
        return double(nearest, out);
    }
    let parts = Parts::read(&written);
    match parts.whole() {
        Some(whole) if compare(&value, &Value::Int64(whole)) == Ordering::Equal => {
            integer(whole, out);
        }
        _ => {
            double(nearest, out);
            out.push(2);
            out.extend(in_order(parts.exponent));
            text(u8::from(!parts.negative), &parts.digits, out);
        }
    }
}

/// `±digits × 10^exponent`, the digits without zeros at either end.
struct Parts {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Parts {
    fn read(written: &str) -> Self {
        let (negative, rest) = match written.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        let (mantissa, exponent) = rest.split_once(['E', 'e']).unwrap_or((rest, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{before}{after}");
        let digits = all.trim_end_matches('0');
        let moved = all.len() as i64 - digits.len() as i64 - after.len() as i64;
        Self {
            negative,
            digits: digits.trim_start_matches('0').to_owned(),
            exponent: exponent.parse::<i64>().unwrap_or_default() + moved,
        }
    }

    /// The number, where it is whole and has at most 19 digits.
    fn whole(&self) -> Option<i64> {
        let zeros = usize::try_from(self.exponent).ok().filter(|it| *it < 20)?;
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok()
    }
}

/// The bytes of a signed number in its order.
fn in_order(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use bson::{bson, oid::ObjectId};

    use super::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal128(text.parse().unwrap())
    }

    #[test]
    fn keys_are_equal_where_values_are() {
        let values = [
            bson!(null),
            bson!(0),
            bson!(0.0),
            bson!(-0.0),
            decimal("0E+3"),
            decimal("-0.00"),
            bson!(1),
            bson!(1_i64),
            bson!(1.0),
            decimal("1.00"),
            decimal("10E-1"),
            bson!(0.1),
            decimal("0.1"),
            decimal("0.10"),
            decimal("1E-1"),
            decimal("-0.1"),
            decimal("0.5"),
            bson!(0.5),
            bson!(9_007_199_254_740_992_i64),
            bson!(9_007_199_254_740_993_i64),
            bson!(9_007_199_254_740_992.0),
            decimal("9007199254740993"),
            decimal("9007199254740993.0"),
            decimal("9007199254740993.5"),
            decimal("900719925474099.3E+1"),
            bson!(i64::MAX),
            bson!(i64::MIN),
            bson!(9_223_372_036_854_775_808.0),
            decimal("9223372036854775807"),
            decimal("9223372036854775808"),
            decimal("1E+6000"),
            decimal("1E-6000"),
            bson!(f64::NAN),
            decimal("NaN"),
            bson!(f64::INFINITY),
            decimal("Infinity"),
            decimal("-Infinity"),
            bson!(f64::NEG_INFINITY),
            bson!(""),
            bson!("a"),
            bson!("a\0"),
            bson!("a\0b"),
            bson!("1"),
            Value::Symbol("a".to_owned()),
            bson!({}),
            bson!({"a": 1}),
            bson!({"a": 1.0}),
            bson!({"a": decimal("1")}),
            bson!({"a": 1, "b": 2}),
            bson!({"a": {"b": 2}}),
            bson!({"a": [1, [2]]}),
            bson!({"a": [1, 2]}),
            bson!({"a": [1.0, 2.0]}),
            bson!({"b": 1}),
            bson!(true),
            bson!(false),
            Value::ObjectId(ObjectId::from_bytes([7; 12])),
            Value::DateTime(bson::DateTime::from_millis(-1)),
            Value::DateTime(bson::DateTime::from_millis(1)),
            Value::MinKey,
            Value::MaxKey,
            Value::Undefined,
        ];
        for left in &values {
            for right in &values {
                let equal = compare(left, right) == Ordering::Equal;
                assert_eq!(key(left) == key(right), equal, "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn rising_ids_have_rising_keys() {
        let rising = [
            vec![
                bson!(i64::MIN),
                bson!(-1.5),
                bson!(-1),
                bson!(0),
                bson!(1),
                bson!(1.5),
                bson!(2),
            ],
            vec![bson!("a"), bson!("a\0"), bson!("aa"), bson!("b")],
            (-2..3)
                .map(|it| Value::DateTime(bson::DateTime::from_millis(it)))
                .collect(),
        ];
        for values in rising {
            let keys: Vec<_> = values.iter().map(key).collect();
            assert!(keys.is_sorted(), "{values:?}");
        }
    }
}
