//! What JSON from outside must be like so that every store can keep it as a part of a record.

use serde_json::Value;

/// How deep values may be nested. MongoDB keeps 100 levels of a whole record (MongoDB manual, "Limits and
/// Thresholds").
pub const MAX_NESTING: u32 = 64;

/// Why a value cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStorable {
    /// A name has a character that ends names in BSON (BSON specification, `cstring`).
    #[error("a name in it holds a NUL character, which cannot be stored; leave it out")]
    NulInName,
    /// It is nested too deep.
    #[error("it is nested deeper than {MAX_NESTING} levels, which is the most that is stored")]
    TooDeep,
}

/// Whether every store can keep a value.
///
/// # Errors
/// Where none of them must be asked to.
pub fn storable(value: &Value) -> Result<(), NotStorable> {
    within(value, MAX_NESTING)
}

fn within(value: &Value, levels: u32) -> Result<(), NotStorable> {
    let inner = || levels.checked_sub(1).ok_or(NotStorable::TooDeep);
    match value {
        Value::Array(values) => {
            let inner = inner()?;
            values.iter().try_for_each(|it| within(it, inner))
        }
        Value::Object(members) => {
            let inner = inner()?;
            members
                .iter()
                .try_for_each(|(name, value)| match name.contains('\0') {
                    true => Err(NotStorable::NulInName),
                    false => within(value, inner),
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: u32) -> Value {
        (0..levels).fold(json!(1), |inner, level| match level % 2 {
            0 => json!([inner]),
            _ => json!({"a": inner}),
        })
    }

    #[test]
    fn names_and_nesting_decide_and_texts_do_not() {
        let check = |value: Value, expect| assert_eq!(storable(&value), expect, "{value}");
        check(json!("\0"), Ok(()));
        check(json!({"a": ["\0", {"b.c": null, "$d": 1}]}), Ok(()));
        check(json!({"a\0": 1}), Err(NotStorable::NulInName));
        check(json!([[{"a": {"\0": 1}}]]), Err(NotStorable::NulInName));
        check(nested(MAX_NESTING), Ok(()));
        check(nested(MAX_NESTING + 1), Err(NotStorable::TooDeep));
    }
}
