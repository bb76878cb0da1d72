//! Patterns in the syntax that Rust's `regex` and PCRE2 have in common.

use std::fmt::Display;

use regex_syntax::{
    ast::{self, Ast, ClassAscii, ClassAsciiKind, ClassPerlKind, ClassSet, ClassSetItem},
    hir::{Class, Hir, HirKind, Look, translate::TranslatorBuilder},
};

const MAX_NESTING: u32 = 50;
const MAX_SIMPLIFICATIONS: usize = 8;
/// The most times that PCRE2 repeats something (PCRE2 manual, "pcre2limits").
const MAX_REPETITIONS: u32 = 65_535;

/// The options of a pattern, as letters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options<'a>(pub(super) &'a str);

/// How a word boundary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary {
    /// `\b`, which is ASCII's in PCRE2 and in what is read here.
    Plain,
    /// `(?-u:\b)`, which is ASCII's for Rust.
    Ascii,
}

/// A pattern without anything that the two engines read differently.
#[derive(Debug)]
pub(super) struct Portable(Hir);

impl Portable {
    /// Reads a pattern; the error says why it cannot be used.
    pub(super) fn parse(source: &str, options: Options<'_>) -> Result<Self, String> {
        let mut pattern = Self::parse_once(source, options)?;
        // What is printed may be simplified further when it is read.
        for _ in 0..MAX_SIMPLIFICATIONS {
            let printed = pattern.print(Boundary::Plain);
            match Self::parse_once(&printed, Options("")) {
                Ok(simpler) if simpler.print(Boundary::Plain) != printed => pattern = simpler,
                _ => break,
            }
        }
        Ok(pattern)
    }

    fn parse_once(source: &str, Options(options): Options<'_>) -> Result<Self, String> {
        let has = |option: char| options.contains(option);
        let mut ast = ast::parse::ParserBuilder::new()
            .nest_limit(MAX_NESTING)
            .ignore_whitespace(has('x'))
            .build()
            .parse(source)
            .map_err(|error| refusal(error.kind()))?;
        keep_to_ascii(&mut ast);
        let hir = TranslatorBuilder::new()
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .build()
            .translate(source, &ast)
            .map_err(|error| refusal(error.kind()))?;
        check(&hir)?;
        Ok(Self(hir))
    }

    /// The pattern as text.
    pub(super) fn print(&self, boundary: Boundary) -> String {
        let mut text = String::new();
        print(&self.0, boundary, &mut text);
        text
    }
}

/// Why a pattern was refused, in words for its author.
pub(super) fn refusal(error: &dyn Display) -> String {
    let message = error.to_string();
    let line = message.lines().last().unwrap_or(&message);
    let line = line.strip_prefix("error: ").unwrap_or(line);
    format!(
        "not a pattern in the syntax of the Rust regex crate (no look-around, no backreferences): \
         {line}"
    )
}

/// Makes `\d`, `\s` and `\w` what they are in PCRE2.
fn keep_to_ascii(ast: &mut Ast) {
    match ast {
        Ast::ClassPerl(class) => {
            let item = ClassSetItem::Ascii(ClassAscii {
                span: class.span,
                kind: ascii_kind(&class.kind),
                negated: class.negated,
            });
            *ast = Ast::class_bracketed(ast::ClassBracketed {
                span: class.span,
                negated: false,
                kind: ClassSet::Item(item),
            });
        }
        Ast::ClassBracketed(class) => keep_set_to_ascii(&mut class.kind),
        Ast::Repetition(repetition) => keep_to_ascii(&mut repetition.ast),
        Ast::Group(group) => keep_to_ascii(&mut group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(keep_to_ascii),
        Ast::Concat(concat) => concat.asts.iter_mut().for_each(keep_to_ascii),
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_) => {}
    }
}

fn keep_set_to_ascii(set: &mut ClassSet) {
    match set {
        ClassSet::Item(item) => keep_item_to_ascii(item),
        ClassSet::BinaryOp(operation) => {
            keep_set_to_ascii(&mut operation.lhs);
            keep_set_to_ascii(&mut operation.rhs);
        }
    }
}

fn keep_item_to_ascii(item: &mut ClassSetItem) {
    match item {
        ClassSetItem::Perl(class) => {
            *item = ClassSetItem::Ascii(ClassAscii {
                span: class.span,
                kind: ascii_kind(&class.kind),
                negated: class.negated,
            });
        }
        ClassSetItem::Bracketed(class) => keep_set_to_ascii(&mut class.kind),
        ClassSetItem::Union(union) => union.items.iter_mut().for_each(keep_item_to_ascii),
        ClassSetItem::Empty(_)
        | ClassSetItem::Literal(_)
        | ClassSetItem::Range(_)
        | ClassSetItem::Ascii(_)
        | ClassSetItem::Unicode(_) => {}
    }
}

fn ascii_kind(kind: &ClassPerlKind) -> ClassAsciiKind {
    match kind {
        ClassPerlKind::Digit => ClassAsciiKind::Digit,
        ClassPerlKind::Space => ClassAsciiKind::Space,
        ClassPerlKind::Word => ClassAsciiKind::Word,
    }
}

fn check(hir: &Hir) -> Result<(), String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) => Ok(()),
        HirKind::Class(class) if class.is_empty() => {
            Err("a class of the pattern stands for no character at all".to_owned())
        }
        HirKind::Class(_) => Ok(()),
        HirKind::Look(look) => match boundary_or_line(*look) {
            Some(_) => Ok(()),
            None => Err(
                "of word boundaries only \\b and \\B are allowed in a pattern, and of line ends only \
                 \\n"
                .to_owned(),
            ),
        },
        HirKind::Repetition(repetition) => {
            if repetition.min.max(repetition.max.unwrap_or(0)) > MAX_REPETITIONS {
                return Err(format!(
                    "something in the pattern is repeated more than {MAX_REPETITIONS} times"
                ));
            }
            check(&repetition.sub)
        }
        HirKind::Capture(capture) => check(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().try_for_each(check),
    }
}

/// An assertion as both engines write it, where both have it; a word boundary is only its letter.
fn boundary_or_line(look: Look) -> Option<&'static str> {
    match look {
        Look::Start => Some("\\A"),
        Look::End => Some("\\z"),
        Look::StartLF => Some("(?m:^)"),
        Look::EndLF => Some("(?m:$)"),
        Look::WordAscii | Look::WordUnicode => Some("\\b"),
        Look::WordAsciiNegate | Look::WordUnicodeNegate => Some("\\B"),
        _ => None,
    }
}

fn print(hir: &Hir, boundary: Boundary, text: &mut String) {
    match hir.kind() {
        HirKind::Empty => text.push_str("(?:)"),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0)
            .chars()
            .for_each(|character| print_character(character, text)),
        HirKind::Class(class) => print_class(class, text),
        HirKind::Look(look) => {
            let written = boundary_or_line(*look).unwrap_or_default();
            let is_word = matches!(written, "\\b" | "\\B");
            match boundary {
                Boundary::Ascii if is_word => text.push_str(&format!("(?-u:{written})")),
                Boundary::Ascii | Boundary::Plain => text.push_str(written),
            }
        }
        HirKind::Repetition(repetition) => {
            text.push_str("(?:");
            print(&repetition.sub, boundary, text);
            text.push(')');
            text.push_str(&match (repetition.min, repetition.max) {
                (0, None) => "*".to_owned(),
                (1, None) => "+".to_owned(),
                (0, Some(1)) => "?".to_owned(),
                (min, None) => format!("{{{min},}}"),
                (min, Some(max)) if min == max => format!("{{{min}}}"),
                (min, Some(max)) => format!("{{{min},{max}}}"),
            });
        }
        HirKind::Capture(capture) => print(&capture.sub, boundary, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| print(part, boundary, text)),
        HirKind::Alternation(parts) => {
            text.push_str("(?:");
            for (position, part) in parts.iter().enumerate() {
                if position > 0 {
                    text.push('|');
                }
                print(part, boundary, text);
            }
            text.push(')');
        }
    }
}

fn print_class(class: &Class, text: &mut String) {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|it| (it.start(), it.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|it| (char::from(it.start()), char::from(it.end())))
            .collect(),
    };
    text.push('[');
    for (start, end) in ranges {
        print_character(start, text);
        if start != end {
            text.push('-');
            print_character(end, text);
        }
    }
    text.push(']');
}

fn print_character(character: char, text: &mut String) {
    match character {
        '\0'..' ' | '\x7f' => text.push_str(&format!("\\x{:02x}", u32::from(character))),
        '<' | '>' => text.push(character),
        _ => {
            if character.is_ascii_punctuation() {
                text.push('\\');
            }
            text.push(character);
        }
    }
}
