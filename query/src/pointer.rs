//! Where a parser stands in what it parses, as a JSON Pointer (RFC 6901) that costs nothing until
//! there is an error to report.

use crate::{QueryError, QueryErrorCode};

const MAX_SHOWN_CHARACTERS: usize = 60;

/// A position: a list of steps that ends at the root, kept on the parser's own stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pointer<'a> {
    parent: Option<&'a Pointer<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Pointer<'a> {
    pub(crate) const ROOT: Pointer<'static> = Pointer {
        parent: None,
        step: Step::Root,
    };

    pub(crate) fn name(&'a self, name: &'a str) -> Pointer<'a> {
        Pointer {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Pointer<'a> {
        Pointer {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// An error at this position.
    pub(crate) fn error(&self, code: QueryErrorCode, message: impl Into<String>) -> QueryError {
        QueryError::new(self.render(), code, message)
    }

    fn render(&self) -> String {
        let mut steps = Vec::new();
        let mut position = Some(self);
        while let Some(pointer) = position {
            match pointer.step {
                Step::Root => {}
                Step::Name(name) => {
                    steps.push(shortened(name).replace('~', "~0").replace('/', "~1"));
                }
                Step::Index(index) => steps.push(index.to_string()),
            }
            position = pointer.parent;
        }
        let mut text = String::new();
        for step in steps.iter().rev() {
            text.push('/');
            text.push_str(step);
        }
        text
    }
}

/// Something that a user wrote, quoted and cut to a length that fits in an error message.
pub(crate) fn shown(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(MAX_SHOWN_CHARACTERS).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_as_a_json_pointer() {
        let root = Pointer::ROOT;
        let names = root.name("a/b~c");
        let place = names.index(3);
        assert_eq!(root.render(), "");
        assert_eq!(place.render(), "/a~1b~0c/3");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shown(&"x".repeat(5000)).chars().count(), 63);
    }
}
