//! Regular expressions in filters: the syntax of the Rust `regex` crate, which runs in linear time.

use regex::{Regex, RegexBuilder};

use crate::{
    QueryError, QueryErrorCode,
    pointer::{Pointer, shown},
};

const MAX_CHARACTERS: usize = 256;
const MAX_COMPILED_BYTES: usize = 1024 * 1024;
const MAX_NESTING: u32 = 50;

/// A regular expression with its options.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: String,
    options: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.options == other.options
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
        let has = |option: char| options.contains(option);
        let built = RegexBuilder::new(source)
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .ignore_whitespace(has('x'))
            .nest_limit(MAX_NESTING)
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES)
            .build();
        match built {
            Ok(regex) => Ok(Self {
                source: source.to_owned(),
                options: "imsx".chars().filter(|option| has(*option)).collect(),
                regex,
            }),
            Err(regex::Error::CompiledTooBig(_)) => refuse(format!(
                "the pattern takes more than {MAX_COMPILED_BYTES} bytes when compiled; use \
                 smaller repetitions"
            )),
            Err(error) => refuse(format!(
                "not a pattern in the syntax of the Rust regex crate (no look-around, no \
                 backreferences): {}",
                last_line(&error.to_string())
            )),
        }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn options(&self) -> &str {
        &self.options
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// The regex crate draws the place of the error; its last line says what is wrong.
fn last_line(message: &str) -> &str {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}
