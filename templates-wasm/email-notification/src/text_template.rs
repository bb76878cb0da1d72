//! Texts with placeholders: `{{dotted.path}}` and `{{#each path}}…{{/each}}`.
//!
//! Inside an each-block a path is looked up in the item first and in what is around it after that;
//! `{{this}}` is the item itself. It is plain text: nothing is escaped, and there is no logic.

use std::borrow::Cow;

use sandglass_sdk::documents::{lookup, text_of};
use serde_json::Value;

/// The deepest nesting of each-blocks.
const MAXIMUM_DEPTH: usize = 4;

/// The longest text that is made, in bytes.
const MAXIMUM_BYTES: usize = 1024 * 1024;

/// A parsed text template.
#[derive(Debug, PartialEq)]
pub(crate) struct TextTemplate<'text> {
    nodes: Vec<Node<'text>>,
}

#[derive(Debug, PartialEq)]
enum Node<'text> {
    Text(&'text str),
    Placeholder(&'text str),
    Each {
        path: &'text str,
        nodes: Vec<Node<'text>>,
    },
}

/// What is wrong with a text template or the values for it.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum TextTemplateError {
    #[error("a placeholder is opened with {{{{ and never closed with }}}}")]
    Unclosed,
    #[error("\"{0}\" is not a placeholder: use dotted names, {{{{#each name}}}} or {{{{/each}}}}")]
    Placeholder(String),
    #[error("{{{{#each {0}}}}} is never closed: add {{{{/each}}}}")]
    UnclosedEach(String),
    #[error("{{{{/each}}}} closes nothing: remove it, or add {{{{#each …}}}} before it")]
    UnopenedEach,
    #[error("each-blocks are nested deeper than {MAXIMUM_DEPTH}")]
    TooDeep,
    #[error("the placeholder {{{{{0}}}}} stands for nothing: give it in the variables")]
    Unknown(String),
    #[error("{{{{#each {0}}}}} needs a list")]
    NotAList(String),
    #[error("the text is longer than {MAXIMUM_BYTES} bytes: lower the query's limit")]
    TooLong,
}

impl<'text> TextTemplate<'text> {
    /// Reads a text template.
    pub(crate) fn parse(text: &'text str) -> Result<Self, TextTemplateError> {
        // Blocks that are open, outermost first; the first is the text itself.
        let mut outer: Vec<(&'text str, Vec<Node<'text>>)> = Vec::new();
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (tag, after) = after.split_once("}}").ok_or(TextTemplateError::Unclosed)?;
            rest = after;
            nodes.push(Node::Text(before));
            let tag = tag.trim();
            if tag == "/each" {
                let (path, parent) = outer.pop().ok_or(TextTemplateError::UnopenedEach)?;
                let block = std::mem::replace(&mut nodes, parent);
                nodes.push(Node::Each { path, nodes: block });
            } else if let Some(path) = tag.strip_prefix("#each ") {
                if outer.len() >= MAXIMUM_DEPTH {
                    return Err(TextTemplateError::TooDeep);
                }
                outer.push((checked_path(path)?, std::mem::take(&mut nodes)));
            } else {
                nodes.push(Node::Placeholder(checked_path(tag)?));
            }
        }
        nodes.push(Node::Text(rest));
        match outer.pop() {
            Some((path, _)) => Err(TextTemplateError::UnclosedEach(path.to_owned())),
            None => Ok(Self { nodes }),
        }
    }

    /// Whether a placeholder or block names this value or something in it.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        mentions(&self.nodes, name)
    }

    /// The text with values in place of placeholders.
    pub(crate) fn render(&self, values: &Value) -> Result<String, TextTemplateError> {
        let mut text = String::new();
        render(&self.nodes, &[values], &mut text)?;
        Ok(text)
    }
}

fn checked_path(path: &str) -> Result<&str, TextTemplateError> {
    let path = path.trim();
    let character = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
    let is_name = |name: &str| !name.is_empty() && name.chars().all(character);
    if path.split('.').all(is_name) {
        Ok(path)
    } else {
        Err(TextTemplateError::Placeholder(path.to_owned()))
    }
}

fn mentions(nodes: &[Node<'_>], name: &str) -> bool {
    let begins = |path: &str| path.split('.').next() == Some(name);
    nodes.iter().any(|node| match node {
        Node::Text(_) => false,
        Node::Placeholder(path) => begins(path),
        Node::Each { path, nodes } => begins(path) || mentions(nodes, name),
    })
}

/// `scopes` are the values around, outermost first.
fn render(
    nodes: &[Node<'_>],
    scopes: &[&Value],
    text: &mut String,
) -> Result<(), TextTemplateError> {
    for node in nodes {
        match node {
            Node::Text(part) => push(text, part)?,
            Node::Placeholder(path) => push(text, &text_of(find(scopes, path)?))?,
            Node::Each { path, nodes } => {
                let items = find(scopes, path)?
                    .as_array()
                    .ok_or_else(|| TextTemplateError::NotAList((*path).to_owned()))?;
                for item in items {
                    let mut inner = Cow::Borrowed(scopes);
                    inner.to_mut().push(item);
                    render(nodes, &inner, text)?;
                }
            }
        }
    }
    Ok(())
}

fn find<'value>(scopes: &[&'value Value], path: &str) -> Result<&'value Value, TextTemplateError> {
    let found = if path == "this" {
        scopes.last().copied()
    } else {
        scopes.iter().rev().find_map(|scope| lookup(scope, path))
    };
    found.ok_or_else(|| TextTemplateError::Unknown(path.to_owned()))
}

fn push(text: &mut String, part: &str) -> Result<(), TextTemplateError> {
    if text.len() + part.len() > MAXIMUM_BYTES {
        return Err(TextTemplateError::TooLong);
    }
    text.push_str(part);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_pass_by_value,
        reason = "tests read better with values"
    )]

    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(template: &str, expected: Result<&str, TextTemplateError>) {
        let values = json!({
            "name": "Ada",
            "count": 2,
            "nothing": null,
            "site": {"url": "https://example.com"},
            "documents": [
                {"name": "x", "at": {"$date": "2025-01-01T00:00:00Z"}, "tags": ["a", "b"]},
                {"name": "y", "at": null, "tags": []},
            ],
        });
        let rendered = TextTemplate::parse(template).and_then(|parsed| parsed.render(&values));
        assert_eq!(
            rendered.as_deref(),
            expected.as_ref().map(|text| *text),
            "{template}"
        );
    }

    #[test]
    fn placeholders_are_replaced() {
        check("", Ok(""));
        check("plain } {text}", Ok("plain } {text}"));
        check(
            "Hello {{name}}, {{ count }} at {{site.url}}",
            Ok("Hello Ada, 2 at https://example.com"),
        );
        check(
            "[{{nothing}}] {{site}}",
            Ok(r#"[] {"url":"https://example.com"}"#),
        );
        check("{{documents.1.name}}", Ok("y"));
    }

    #[test]
    fn blocks_are_repeated_for_each_item() {
        check(
            "{{#each documents}}- {{name}} {{at}} of {{count}}\n{{/each}}end",
            Ok("- x 2025-01-01T00:00:00Z of 2\n- y  of 2\nend"),
        );
        check(
            "{{#each documents}}{{#each tags}}{{this}}{{name}};{{/each}}{{/each}}",
            Ok("ax;bx;"),
        );
    }

    #[test]
    fn faults_are_named() {
        use TextTemplateError::{
            NotAList, Placeholder, TooDeep, Unclosed, UnclosedEach, Unknown, UnopenedEach,
        };
        check("{{name", Err(Unclosed));
        check("{{#if x}}", Err(Placeholder("#if x".into())));
        check("{{}}", Err(Placeholder(String::new())));
        check("{{a..b}}", Err(Placeholder("a..b".into())));
        check("{{#each documents}}", Err(UnclosedEach("documents".into())));
        check("{{/each}}", Err(UnopenedEach));
        check("{{who}}", Err(Unknown("who".into())));
        check("{{name.first}}", Err(Unknown("name.first".into())));
        check("{{#each name}}{{/each}}", Err(NotAList("name".into())));
        check(&"{{#each a}}".repeat(5), Err(TooDeep));
    }

    #[test]
    fn a_text_that_explodes_is_refused() {
        let items = json!({"items": vec![0; 500]});
        let template = "{{#each items}}".repeat(4) + "0123456789" + &"{{/each}}".repeat(4);
        let parsed = TextTemplate::parse(&template);
        let rendered = parsed.and_then(|parsed| parsed.render(&items));
        assert_eq!(rendered, Err(TextTemplateError::TooLong));
    }

    #[test]
    fn a_template_knows_what_it_mentions() {
        for (text, expected) in [
            ("{{count}}", true),
            ("{{#each documents}}{{count}}{{/each}}", true),
            ("{{counter}} {{a.count}}", false),
            ("count", false),
        ] {
            let parsed = TextTemplate::parse(text);
            assert_eq!(
                parsed.map(|parsed| parsed.mentions("count")),
                Ok(expected),
                "{text}"
            );
        }
    }
}
