//! Regular expressions in filters: the syntax of the Rust `regex` crate, with the classes of PCRE2.
//!
//! What is written is parsed once and printed in the part of the syntax that Rust's `regex` and
//! MongoDB's PCRE2 read alike, without options, so that both find the same: `$` ends at the very end
//! of the text, `\d`, `\w`, `\s` and `\b` know ASCII only (MongoDB manual, "$regex"), and `\p{…}` and
//! what ignores case are spelt out. The evaluation here takes linear time.

mod portable;

use regex::{Regex, RegexBuilder};

use crate::{
    QueryError, QueryErrorCode,
    pointer::{Pointer, shown},
};

use portable::{Boundary, Options, Portable};

const MAX_CHARACTERS: usize = 256;
/// What MongoDB takes (MongoDB manual, "$regex"), with some room.
const MAX_PRINTED_BYTES: usize = 32_000;
const MAX_COMPILED_BYTES: usize = 1024 * 1024;

/// A regular expression.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// As it is printed.
    source: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    /// Compiles a pattern; the options are any of `i`, `m`, `s` and `x`.
    pub(crate) fn compile(
        source: &str,
        options: &str,
        at: &Pointer<'_>,
    ) -> Result<Self, QueryError> {
        let refuse = |why: String| Err(at.error(QueryErrorCode::InvalidPattern, why));
        if source.chars().count() > MAX_CHARACTERS {
            return refuse(format!("a pattern has at most {MAX_CHARACTERS} characters"));
        }
        if source.contains('\0') {
            return refuse("a pattern must not hold a NUL character".to_owned());
        }
        if let Some(option) = options.chars().find(|option| !"imsx".contains(*option)) {
            return refuse(format!(
                "{} is not an option of $regex; those allowed are i, m, s and x",
                shown(&option.to_string())
            ));
        }
        let portable = match Portable::parse(source, Options(options)) {
            Ok(portable) => portable,
            Err(why) => return refuse(why),
        };
        let source = portable.print(Boundary::Plain);
        if source.len() > MAX_PRINTED_BYTES {
            return refuse(format!(
                "the pattern takes {} bytes with its classes spelt out; at most \
                 {MAX_PRINTED_BYTES} are allowed",
                source.len()
            ));
        }
        let built = RegexBuilder::new(&portable.print(Boundary::Ascii))
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES)
            .build();
        match built {
            Ok(regex) => Ok(Self { source, regex }),
            Err(regex::Error::CompiledTooBig(_)) => refuse(format!(
                "the pattern takes more than {MAX_COMPILED_BYTES} bytes when compiled; use \
                 smaller repetitions"
            )),
            Err(error) => refuse(portable::refusal(&error)),
        }
    }

    /// The pattern as it is printed.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
