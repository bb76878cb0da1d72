//! Decimal128 taken apart (IEEE 754-2008 decimal128 in the binary integer encoding, which BSON
//! uses), for exact comparison. It does not calculate.

use std::cmp::Ordering;

use bson::Decimal128;

const EXPONENT_BIAS: i32 = 6176;
const MAX_COEFFICIENT: u128 = 9_999_999_999_999_999_999_999_999_999_999_999;

/// A decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimal {
    NotANumber,
    Infinite { negative: bool },
    Finite(FiniteDecimal),
}

/// `coefficient × 10^exponent`, with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FiniteDecimal {
    negative: bool,
    coefficient: u128,
    exponent: i32,
}

impl From<Decimal128> for Decimal {
    fn from(number: Decimal128) -> Self {
        let bits = u128::from_le_bytes(number.bytes());
        let negative = bits >> 127 == 1;
        let combination = (bits >> 122) & 0b1_1111;
        if combination == 0b1_1111 {
            return Self::NotANumber;
        }
        if combination == 0b1_1110 {
            return Self::Infinite { negative };
        }
        let (biased_exponent, coefficient) = if combination >> 3 == 0b11 {
            // This form can only hold coefficients above the largest that is allowed; they count
            // as zero.
            ((bits >> 111) & 0x3fff, 0)
        } else {
            ((bits >> 113) & 0x3fff, bits & ((1 << 113) - 1))
        };
        Self::Finite(FiniteDecimal {
            negative,
            coefficient: if coefficient > MAX_COEFFICIENT {
                0
            } else {
                coefficient
            },
            exponent: i32::try_from(biased_exponent).unwrap_or_default() - EXPONENT_BIAS,
        })
    }
}

impl From<i64> for FiniteDecimal {
    fn from(number: i64) -> Self {
        Self {
            negative: number < 0,
            coefficient: u128::from(number.unsigned_abs()),
            exponent: 0,
        }
    }
}

impl FiniteDecimal {
    /// Exact comparison of values: `1.0` and `1.00` are equal, and so are `0` and `-0`.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let magnitude = compare_magnitudes(self, other);
            if self.negative {
                magnitude.reverse()
            } else {
                magnitude
            }
        })
    }

    /// Exact comparison with a double that is neither infinite nor NaN.
    pub(crate) fn compare_double(self, other: f64) -> Ordering {
        let other_sign = if other == 0.0 {
            0
        } else if other < 0.0 {
            -1
        } else {
            1
        };
        self.sign().cmp(&other_sign).then_with(|| {
            if other_sign == 0 {
                return Ordering::Equal;
            }
            let magnitude = compare_with_double_magnitude(self, other.abs());
            if self.negative {
                magnitude.reverse()
            } else {
                magnitude
            }
        })
    }

    /// The number without its fraction, where it fits in 64 bits.
    pub(crate) fn truncated(self) -> Option<i64> {
        let mut coefficient = self.coefficient;
        let mut exponent = self.exponent;
        while exponent < 0 && coefficient > 0 {
            coefficient /= 10;
            exponent += 1;
        }
        while exponent > 0 && coefficient > 0 {
            coefficient = coefficient.checked_mul(10)?;
            exponent -= 1;
        }
        let magnitude = i128::try_from(coefficient).ok()?;
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    fn sign(self) -> i8 {
        match (self.coefficient, self.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    fn digits(self) -> i32 {
        i32::try_from(self.coefficient.checked_ilog10().unwrap_or(0)).unwrap_or(0) + 1
    }

    /// The exponent of the first digit: the number is in `[10^n, 10^(n+1))`.
    fn magnitude(self) -> i32 {
        self.digits() + self.exponent
    }
}

fn compare_magnitudes(left: FiniteDecimal, right: FiniteDecimal) -> Ordering {
    if left.coefficient == 0 {
        return Ordering::Equal;
    }
    left.magnitude().cmp(&right.magnitude()).then_with(|| {
        // With the same magnitude the one with fewer digits is brought to as many as the other
        // has, at most 34, which fits in 128 bits.
        let missing = left.digits() - right.digits();
        let factor = 10_u128.pow(missing.unsigned_abs());
        if missing < 0 {
            (left.coefficient * factor).cmp(&right.coefficient)
        } else {
            left.coefficient.cmp(&(right.coefficient * factor))
        }
    })
}

fn compare_with_double_magnitude(left: FiniteDecimal, right: f64) -> Ordering {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the logarithm of a finite double is within ±324"
    )]
    let right_magnitude = right.log10().floor() as i32 + 1;
    if left.magnitude() < right_magnitude - 1 {
        return Ordering::Less;
    }
    if left.magnitude() > right_magnitude + 1 {
        return Ordering::Greater;
    }
    let (significand, exponent) = double_parts(right);
    let mut left_side = Big::from(left.coefficient);
    let mut right_side = Big::from(u128::from(significand));
    let scale_ten = if left.exponent < 0 {
        &mut right_side
    } else {
        &mut left_side
    };
    scale_ten.multiply_by_power(10, left.exponent.unsigned_abs());
    let scale_two = if exponent < 0 {
        &mut left_side
    } else {
        &mut right_side
    };
    scale_two.multiply_by_power(2, exponent.unsigned_abs());
    left_side.compare(&right_side)
}

/// A positive finite double as `significand × 2^exponent`.
fn double_parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) {
        0 => (fraction, -1074),
        exponent => (fraction | (1 << 52), exponent - 1075),
    }
}

/// A natural number of any size, in base 2^32 with the least digit first and no leading zeros.
struct Big(Vec<u32>);

impl Big {
    fn multiply_by_power(&mut self, base: u32, mut exponent: u32) {
        // The largest powers of 10 and 2 at hand that fit in a digit.
        let step = if base == 10 { 9 } else { 31 };
        while exponent > 0 {
            let taken = exponent.min(step);
            self.multiply(base.pow(taken));
            exponent -= taken;
        }
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0_u64;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = (product & u64::from(u32::MAX)) as u32;
            carry = product >> 32;
        }
        if let Some(digit) = u32::try_from(carry).ok().filter(|digit| *digit > 0) {
            self.0.push(digit);
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl From<u128> for Big {
    fn from(mut number: u128) -> Self {
        let mut digits = Vec::new();
        while number > 0 {
            digits.push((number & u128::from(u32::MAX)) as u32);
            number >>= 32;
        }
        Self(digits)
    }
}
