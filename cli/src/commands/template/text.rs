//! What components are and how they differ, for people.

use std::fmt::{self, Display, Formatter};

use sandglass_contract::{
    Comparison, Grant, TemplateId,
    comparison::{ChangeKind, JsonChanges},
    imports::{ImportText, import_text},
};
use sandglass_host::{Inspection, Provenance};
use serde_json::Value;

/// How much of a value is shown, in characters.
const MAX_VALUE_CHARACTERS: usize = 200;

/// A component.
pub(super) struct Inspected<'a> {
    pub(super) inspection: &'a Inspection,
    pub(super) signature: &'a str,
}

/// Two components.
pub(super) struct Compared<'a> {
    pub(super) comparison: &'a Comparison,
    pub(super) template: &'a TemplateId,
}

impl Display for Inspected<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let it = self.inspection;
        let about = &it.metadata;
        writeln!(formatter, "{} {}: {}", about.id, about.version, about.name)?;
        writeln!(formatter, "  {}", about.description)?;
        writeln!(formatter, "  digest     sha256:{}", it.digest)?;
        writeln!(formatter, "  size       {} bytes", it.size)?;
        let (category, duration) = (&about.category, &about.estimated_duration);
        writeln!(formatter, "  category   {category}")?;
        writeln!(formatter, "  duration   {duration}")?;
        let words = [
            ("resources", word(about.resource_usage)),
            ("risk", word(about.risk_level)),
        ];
        for (name, word) in words {
            writeln!(formatter, "  {name:<10} {word}")?;
        }
        writeln!(formatter, "  signature  {}", self.signature)?;
        writeln!(formatter, "\nWhat it imports, and so:")?;
        let imports = it.imports.iter().map(|name| import_text(name));
        list(formatter, "-", imports.map(|it| told(&it)))?;
        writeln!(formatter, "\nWhat it cannot do, whatever its code says:")?;
        list(formatter, "-", it.impossible())?;
        writeln!(formatter, "\nThe most that a job of it may be granted:")?;
        list(formatter, "-", texts(&it.ceiling))?;
        writeln!(formatter, "\nParameters (JSON Schema):")?;
        let schema = serde_json::to_string_pretty(&it.schema).map_err(|_| fmt::Error)?;
        for line in schema.lines() {
            writeln!(formatter, "  {line}")?;
        }
        writeln!(formatter, "\nHow it says it was built:")?;
        list(formatter, "-", provenance(&it.provenance))
    }
}

impl Display for Compared<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let it = self.comparison;
        let (before, after) = (&it.before, &it.after);
        if it.is_same() {
            let (template, digest) = (self.template, after.digest);
            return writeln!(
                formatter,
                "{template} {}: the same component, sha256:{digest}",
                after.version
            );
        }
        writeln!(
            formatter,
            "{} {} -> {}",
            self.template, before.version, after.version
        )?;
        writeln!(formatter, "  from sha256:{}", before.digest)?;
        writeln!(formatter, "  to   sha256:{}", after.digest)?;
        writeln!(
            formatter,
            "  size {} -> {} bytes ({:+})",
            before.size, after.size, it.size_change
        )?;
        let reach = match it.widens {
            true => "The newer one can reach MORE than the older one.",
            false => "The newer one can reach nothing that the older one cannot.",
        };
        writeln!(formatter, "\n{reach}")?;
        writeln!(formatter, "\nImports:")?;
        let added = it.imports.added.iter().map(|it| format!("+ {}", told(it)));
        let removed = it.imports.removed.iter();
        let removed = removed.map(|it| format!("- {}", told(it)));
        list(formatter, "", added.chain(removed))?;
        writeln!(formatter, "\nThe most that a job may be granted:")?;
        let added = it.ceiling.added.iter();
        let added = added.map(|it| format!("+ {}", it.text()));
        let removed = it.ceiling.removed.iter();
        let removed = removed.map(|it| format!("- {}", it.text()));
        list(formatter, "", added.chain(removed))?;
        writeln!(formatter, "\nWhat it says of itself:")?;
        list(formatter, "", changes(&it.metadata))?;
        writeln!(formatter, "\nParameters (JSON Schema):")?;
        list(formatter, "", changes(&it.schema))
    }
}

fn list(
    formatter: &mut Formatter<'_>,
    mark: &str,
    lines: impl IntoIterator<Item = String>,
) -> fmt::Result {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return writeln!(formatter, "  nothing");
    }
    lines.try_for_each(|line| match mark {
        "" => writeln!(formatter, "  {line}"),
        mark => writeln!(formatter, "  {mark} {line}"),
    })
}

fn told(import: &ImportText) -> String {
    format!("{} ({})", import.text, import.name)
}

fn texts(grant: &Grant) -> Vec<String> {
    grant.entries().iter().map(|entry| entry.text()).collect()
}

/// The word for a variant, as records have it.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => "?".to_owned(),
    }
}

fn changes(found: &JsonChanges) -> Vec<String> {
    let line = |change: &sandglass_contract::comparison::JsonChange| {
        let (place, before, after) = (&change.pointer, &change.before, &change.after);
        match change.kind {
            ChangeKind::Added => format!("+ {place} {}", shown(after)),
            ChangeKind::Removed => format!("- {place} {}", shown(before)),
            ChangeKind::Changed => format!("~ {place} {} -> {}", shown(before), shown(after)),
        }
    };
    let mut lines: Vec<String> = found.changes.iter().map(line).collect();
    if found.left_out > 0 {
        lines.push(format!("and {} more", found.left_out));
    }
    lines
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn provenance(found: &Provenance) -> Vec<String> {
    let names = found.names.iter().map(|name| format!("name {name}"));
    let producers = found.producers.iter();
    let producers = producers.map(|it| format!("{} {} {}", it.field, it.name, it.version));
    let texts = found.texts.iter();
    let texts = texts.map(|it| format!("{} {}", it.section, it.text));
    let dependencies = found.dependencies.iter();
    let dependencies =
        dependencies.map(|it| format!("package {} {} ({})", it.name, it.version, it.source));
    let others = found.other_sections.iter();
    let others = others.map(|name| format!("section {name}"));
    let built = names.chain(producers).chain(texts);
    built.chain(dependencies).chain(others).collect()
}
