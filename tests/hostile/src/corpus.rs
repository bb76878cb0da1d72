//! The corpus: every guest by kind, with the table of how each must end.

mod artifacts;
mod compiling;
mod computing;
mod database;
mod imports;
mod lying;
mod mail;
mod memory;
mod questions;
mod reentrance;
mod requests;
mod results;
mod schemas;
mod secrets;
mod wasi;

use sandglass_contract::OutcomeCode;

use crate::{
    component::component_with,
    guest::{GOOD, Guest},
};

/// How a guest must end, and where.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// Its component is refused; the refusal says this.
    Refused(&'static str),
    /// It is asked what it is, and refused for the answer or for how it ended; the refusal says this.
    Undescribed(&'static str),
    /// The host takes it, and whoever reads its schema refuses to make a job of it; the refusal says this.
    NoSchema(&'static str),
    /// No job can be made of it; the refusal says this.
    NoJob(&'static str),
    /// Its run ends so.
    Ends(OutcomeCode),
    /// Its run succeeds with this result, JSON: the host refused it what it wanted, or gave it no more
    /// than there is, and it could go on.
    Answers(&'static str),
}

/// A guest that means harm.
#[derive(Debug, Clone, Copy)]
pub struct Hostile {
    /// What it does and what becomes of it, as one word of at most 64 characters: its template's id.
    pub name: &'static str,
    /// How it must end.
    pub expect: Expect,
    /// The limits of its job, where they are not the defaults.
    pub limits: &'static [(&'static str, u64)],
    /// The timeout of its job, in seconds.
    pub timeout_seconds: u64,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// A guest of the world `template`.
    Guest(Guest),
    /// A guest of another world, that of the last package.
    World(Guest, &'static [(&'static str, &'static str)]),
    /// Bytes.
    Bytes(fn() -> Vec<u8>),
}

impl Hostile {
    /// A guest of the world `template`.
    const fn new(name: &'static str, expect: Expect, guest: Guest) -> Self {
        let guest = Guest { id: name, ..guest };
        Self::from_source(name, expect, Source::Guest(guest))
    }

    /// A guest of the world `guest` of the last of `packages`.
    const fn in_world(
        name: &'static str,
        expect: Expect,
        guest: Guest,
        packages: &'static [(&'static str, &'static str)],
    ) -> Self {
        let guest = Guest { id: name, ..guest };
        Self::from_source(name, expect, Source::World(guest, packages))
    }

    const fn from_source(name: &'static str, expect: Expect, source: Source) -> Self {
        Self {
            name,
            expect,
            limits: &[],
            timeout_seconds: 60,
            source,
        }
    }

    const fn limits(mut self, limits: &'static [(&'static str, u64)]) -> Self {
        self.limits = limits;
        self
    }

    const fn timeout_seconds(mut self, seconds: u64) -> Self {
        self.timeout_seconds = seconds;
        self
    }

    /// The bytes that are uploaded.
    #[must_use]
    pub fn component(&self) -> Vec<u8> {
        match &self.source {
            Source::Guest(guest) => guest.component(),
            Source::World(guest, packages) => component_with(&guest.text(), packages, "guest"),
            Source::Bytes(bytes) => bytes(),
        }
    }
}

/// Every guest, by kind.
pub const CORPUS: [(&str, &[Hostile]); 15] = [
    ("computing", computing::GUESTS),
    ("memory", memory::GUESTS),
    ("lying", lying::GUESTS),
    ("reentrance", reentrance::GUESTS),
    ("results", results::GUESTS),
    ("database", database::GUESTS),
    ("mail", mail::GUESTS),
    ("artifacts", artifacts::GUESTS),
    ("requests", requests::GUESTS),
    ("secrets", secrets::GUESTS),
    ("questions", questions::GUESTS),
    ("schemas", schemas::GUESTS),
    ("imports", imports::GUESTS),
    ("wasi", wasi::GUESTS),
    ("compiling", compiling::GUESTS),
];

/// A guest of this name of which more is needed than its text.
const fn named(name: &'static str) -> Guest {
    Guest { id: name, ..GOOD }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_many_guests_and_each_has_a_name_of_its_own() {
        let corpus: Vec<&Hostile> = CORPUS.iter().flat_map(|(_, guests)| *guests).collect();
        assert!(corpus.len() >= 250, "{}", corpus.len());
        let mut names = BTreeSet::new();
        for guest in corpus {
            assert!(names.insert(guest.name), "{}", guest.name);
            let is_id = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
            assert!(guest.name.len() <= 64, "{}", guest.name);
            assert!(guest.name.chars().all(is_id), "{}", guest.name);
        }
    }
}
