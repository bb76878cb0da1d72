//! How a component was built, as far as it says so itself: its custom sections.
//!
//! Whoever makes a component can write into them what they like. They are a hint for whoever reads, and
//! nothing is decided by them. What is read is bounded, and a section that breaks its form is passed over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmparser::{
    ComponentName, CustomSectionReader, KnownCustom, Name, Parser, Payload, ProducersSectionReader,
};

use crate::text::plain;

/// The section of cargo-auditable: the dependencies as JSON, compressed by zlib.
const AUDITABLE: &str = ".dep-v0";
/// Sections that hold one text each (the tool conventions of `wasm-tools metadata`).
const TEXTS: [&str; 7] = [
    "version",
    "description",
    "authors",
    "licenses",
    "source",
    "homepage",
    "revision",
];
const MAX_ENTRIES: usize = 200;
const MAX_DEPENDENCIES: usize = 1_000;
const MAX_TEXT_BYTES: usize = 300;
/// The most bytes of JSON that a section of dependencies may unpack to.
const MAX_UNPACKED_BYTES: usize = 4 << 20;

/// What a component says about how it was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Provenance {
    /// The names that it and the modules in it have.
    pub names: BTreeSet<String>,
    /// Languages, SDKs and tools (the `producers` section).
    pub producers: BTreeSet<Producer>,
    /// Texts of other sections, such as `source` or `revision`.
    pub texts: BTreeSet<ProvenanceText>,
    /// The packages that it was built from (cargo-auditable).
    pub dependencies: BTreeSet<Dependency>,
    /// The names of its other custom sections.
    pub other_sections: BTreeSet<String>,
}

/// A language, an SDK or a tool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Producer {
    /// `language`, `sdk` or `processed-by`.
    pub field: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A text about the component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct ProvenanceText {
    /// What it is about.
    pub section: String,
    /// The text.
    pub text: String,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from, such as `crates.io`.
    pub source: String,
}

impl Provenance {
    /// What the component with these bytes says.
    pub(crate) fn of(component: &[u8]) -> Self {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(component) {
            match payload {
                Ok(Payload::CustomSection(section)) => found.read(&section),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        found
    }

    fn read(&mut self, section: &CustomSectionReader<'_>) {
        match section.as_known() {
            KnownCustom::Name(names) => {
                let names = names.into_iter().map_while(Result::ok);
                let module = names.filter_map(|it| match it {
                    Name::Module { name, .. } => Some(name),
                    _ => None,
                });
                self.names.extend(module.take(1).map(text));
            }
            KnownCustom::ComponentName(names) => {
                let names = names.into_iter().map_while(Result::ok);
                let component = names.filter_map(|it| match it {
                    ComponentName::Component { name, .. } => Some(name),
                    _ => None,
                });
                self.names.extend(component.take(1).map(text));
            }
            KnownCustom::Producers(producers) => self.read_producers(producers),
            _ if section.name() == AUDITABLE => self.read_dependencies(section.data()),
            _ if TEXTS.contains(&section.name()) => {
                if let Ok(about) = std::str::from_utf8(section.data()) {
                    let about = ProvenanceText {
                        section: section.name().to_owned(),
                        text: text(about),
                    };
                    insert(&mut self.texts, about);
                }
            }
            _ => insert(&mut self.other_sections, text(section.name())),
        }
        while self.names.len() > MAX_ENTRIES {
            self.names.pop_last();
        }
    }

    fn read_producers(&mut self, producers: ProducersSectionReader<'_>) {
        for field in producers.into_iter().map_while(Result::ok) {
            for value in field.values.into_iter().map_while(Result::ok) {
                let producer = Producer {
                    field: text(field.name),
                    name: text(value.name),
                    version: text(value.version),
                };
                insert(&mut self.producers, producer);
            }
        }
    }

    fn read_dependencies(&mut self, packed: &[u8]) {
        #[derive(Deserialize)]
        struct Audit {
            packages: Vec<Package>,
        }
        #[derive(Deserialize)]
        struct Package {
            name: String,
            version: String,
            #[serde(default)]
            source: String,
        }
        let unpacked =
            miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, MAX_UNPACKED_BYTES);
        let audit = unpacked
            .ok()
            .and_then(|json| serde_json::from_slice::<Audit>(&json).ok());
        let packages = audit.into_iter().flat_map(|it| it.packages);
        let packages = packages.map(|package| Dependency {
            name: text(&package.name),
            version: text(&package.version),
            source: text(&package.source),
        });
        let room = MAX_DEPENDENCIES.saturating_sub(self.dependencies.len());
        self.dependencies.extend(packages.take(room));
    }
}

fn text(from: &str) -> String {
    plain(from.trim(), MAX_TEXT_BYTES)
}

fn insert<T: Ord>(set: &mut BTreeSet<T>, value: T) {
    if set.len() < MAX_ENTRIES {
        set.insert(value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests may panic"
    )]

    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }

    fn component(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let sections: String = sections
            .iter()
            .map(|(name, data)| format!("(@custom \"{name}\" \"{}\")", escaped(data)))
            .collect();
        let text = format!("(component $outer (core module $inner {sections}))");
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn what_a_component_says_of_its_build_is_read() {
        let json = br#"{"packages":[{"name":"serde","version":"1.0.0","source":"crates.io"},
            {"name":"report","version":"0.1.0","source":"local","root":true}]}"#;
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(json, 6);
        let mut producers = vec![1, 8];
        producers.extend_from_slice(b"language");
        producers.extend_from_slice(&[1, 4]);
        producers.extend_from_slice(b"Rust");
        producers.push(4);
        producers.extend_from_slice(b"1.95");
        let found = Provenance::of(&component(&[
            ("producers", &producers),
            (".dep-v0", &packed),
            ("revision", b"0123abcd\x1b[0m"),
            ("something", b"else"),
        ]));
        let names: Vec<_> = found.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["inner", "outer"]);
        let found = serde_json::to_value(&found).unwrap();
        let expect = serde_json::json!({
            "producers": [{"field": "language", "name": "Rust", "version": "1.95"}],
            "texts": [{"section": "revision", "text": "0123abcd [0m"}],
            "dependencies": [
                {"name": "report", "version": "0.1.0", "source": "local"},
                {"name": "serde", "version": "1.0.0", "source": "crates.io"},
            ],
            "other_sections": ["something"],
        });
        for (member, value) in expect.as_object().unwrap() {
            assert_eq!(found[member], *value, "{member}");
        }
    }

    #[test]
    fn sections_that_break_their_form_are_passed_over() {
        let bomb =
            miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; MAX_UNPACKED_BYTES + 1], 9);
        for (name, data) in [
            (".dep-v0", bomb.as_slice()),
            (".dep-v0", b"nothing"),
            ("producers", b"\xff\xff\xff\xff\x0f"),
            ("producers", b"\x01\x04none\x00"),
            ("name", b"\x00\xff"),
            ("source", b"\xff"),
        ] {
            let found = Provenance::of(&component(&[(name, data)]));
            assert!(
                found.dependencies.is_empty() && found.producers.is_empty(),
                "{name}"
            );
        }
        assert_eq!(Provenance::of(b"nothing at all"), Provenance::default());
    }
}
