//! A guest in a few lines: a core module in text around the body of `execute`, which becomes a component
//! of the real world.

use std::fmt::Write as _;

use crate::{component::component_of, texts::Texts};

/// A capability that a guest asks for: interface, target, operations.
pub type Request = (&'static str, &'static str, &'static [&'static str]);

/// A guest: its functions, as lines of a core module in text. Wherever code has `«text»`, the address and
/// the length of that text stand. Memory has the texts of [`TEXTS`], free space from 4096 to 8192, and
/// what is allocated behind all texts.
///
/// Functions that code may call: `$text` (writes a text at an address), `$answer` (the result text),
/// `$ok` (a result that is fine), and `$case` (the result is the name of what a host call answered).
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// The id of the template.
    pub id: &'static str,
    /// What the core module imports.
    pub imports: &'static str,
    /// More definitions, such as functions and tables.
    pub definitions: &'static str,
    /// The body of `execute`: leaves the address of its answer.
    pub execute: &'static str,
    /// The definition of the memory.
    pub memory: &'static str,
    /// The body of `cabi_realloc`, whose arguments are $old $old_size $align $size.
    pub realloc: &'static str,
    /// The body of `metadata`.
    pub metadata: &'static str,
    /// The body of `schema`.
    pub schema: &'static str,
    /// The body of `validate`.
    pub validate: &'static str,
    /// The body of `capabilities`; where it is empty, it asks for `requests`.
    pub capabilities: &'static str,
    /// What the guest says it needs.
    pub requests: &'static [Request],
}

/// Places in memory and what stands there.
pub(crate) const TEXTS: [(u32, &str); 12] = [
    (0, "{}"),
    (16, "Test"),
    (32, "1.0.0"),
    (48, "test_guest"),
    (64, "{\"ok\":true}"),
    (96, "not json"),
    (112, "users"),
    (128, "a.txt"),
    (144, "text/plain"),
    (160, "1234567890"),
    (192, "ada@example.org"),
    (224, "{\"a\":1}"),
];

/// A guest that does nothing wrong.
pub const GOOD: Guest = Guest {
    id: "test_guest",
    imports: "",
    definitions: "",
    execute: "(call $ok)",
    memory: "(memory (export \"memory\") 2)",
    realloc: "(local $at i32)
        (local.set $at (global.get $free))
        (global.set $free (i32.add (global.get $free)
            (i32.and (i32.add (local.get $size) (i32.const 7)) (i32.const -8))))
        (local.get $at)",
    metadata: "(call $about)",
    schema: "(call $texts (i32.const 2176) (i32.const 0) (i32.const 2))",
    validate: "(i32.store (i32.const 2192) (i32.const 0)) (i32.const 2192)",
    capabilities: "",
    requests: &[],
};

impl Guest {
    /// The component.
    #[must_use]
    pub fn component(&self) -> Vec<u8> {
        component_of(&self.text())
    }

    /// The core module.
    #[must_use]
    pub fn text(&self) -> String {
        let mut texts = Texts::new();
        let capabilities = match self.capabilities {
            "" => {
                let (at, count) = requested(&mut texts, self.requests);
                format!("(call $texts (i32.const 2208) (i32.const {at}) (i32.const {count}))")
            }
            body => body.to_owned(),
        };
        let functions = texts.place(&self.functions(&capabilities));
        let mut fixed = String::new();
        for (at, text) in TEXTS {
            let escaped = text.replace('"', "\\\"");
            writeln!(fixed, "(data (i32.const {at}) \"{escaped}\")").unwrap();
        }
        format!(
            "(module
                {imports}
                {memory}
                (global $free (mut i32) (i32.const {free}))
                {fixed}
                {data}
                {functions})",
            imports = self.imports,
            memory = self.memory,
            free = texts.end(),
            data = texts.data(),
        )
    }

    fn functions(&self, capabilities: &str) -> String {
        format!(
            "{definitions}
            {HELPERS}
            ;; id, name, description, version, category, icon, duration; the two enums are 0.
            (func $about (result i32)
                (call $text (i32.const 2048) «{id}»)
                (call $text (i32.const 2056) (i32.const 16) (i32.const 4))
                (call $text (i32.const 2064) (i32.const 16) (i32.const 4))
                (call $text (i32.const 2072) (i32.const 32) (i32.const 5))
                (call $text (i32.const 2080) (i32.const 16) (i32.const 4))
                (call $text (i32.const 2088) (i32.const 16) (i32.const 4))
                (call $text (i32.const 2096) (i32.const 16) (i32.const 4))
                (i32.const 2048))
            (func (export \"metadata\") (result i32) {metadata})
            (func (export \"schema\") (result i32) {schema})
            (func (export \"validate\") (param $at i32) (param $length i32) (result i32) {validate})
            (func (export \"capabilities\") (param $at i32) (param $length i32) (result i32)
                {capabilities})
            (func (export \"execute\")
                (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32)
                {execute})
            (func (export \"cabi_realloc\")
                (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
                {realloc})",
            definitions = self.definitions,
            id = self.id,
            metadata = self.metadata,
            schema = self.schema,
            validate = self.validate,
            execute = self.execute,
            realloc = self.realloc,
        )
    }
}

const HELPERS: &str = r#"
    (func $text (param $at i32) (param $text i32) (param $length i32)
        (i32.store (local.get $at) (local.get $text))
        (i32.store offset=4 (local.get $at) (local.get $length)))
    (func $texts (param $at i32) (param $text i32) (param $length i32) (result i32)
        (call $text (local.get $at) (local.get $text) (local.get $length))
        (local.get $at))
    ;; Answers `ok` with the result at $text.
    (func $answer (param $text i32) (param $length i32) (result i32)
        (i32.store8 (i32.const 1024) (i32.const 0))
        (call $text (i32.const 1032) (local.get $text) (local.get $length))
        (call $text (i32.const 1040) (i32.const 16) (i32.const 4))
        (i32.const 1024))
    (func $ok (result i32) (call $answer (i32.const 64) (i32.const 11)))
    ;; Answers with what the host answered: $result is its `result`, $error the `error` in it.
    (func $case (param $result i32) (param $error i32) (result i32)
        (local $case i32)
        (if (i32.eqz (i32.load8_u (local.get $result)))
            (then (return (call $answer «"done"»))))
        (local.set $case (i32.load8_u (local.get $error)))
        (if (i32.eq (local.get $case) (i32.const 0))
            (then (return (call $answer «"access-denied"»))))
        (if (i32.eq (local.get $case) (i32.const 1))
            (then (return (call $answer «"invalid-argument"»))))
        (if (i32.eq (local.get $case) (i32.const 2))
            (then (return (call $answer «"limit-exceeded"»))))
        (if (i32.eq (local.get $case) (i32.const 3))
            (then (return (call $answer «"unavailable"»))))
        (call $answer «"other"»))"#;

/// Puts the capability requests into memory as the canonical ABI lowers them; returns where, and how many.
fn requested(texts: &mut Texts, requests: &[Request]) -> (usize, usize) {
    let mut records = Vec::new();
    let pair = |record: &mut Vec<u8>, at: usize, length: usize| {
        for number in [at, length] {
            record.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
    };
    for (interface, target, operations) in requests {
        let mut words = Vec::new();
        for word in *operations {
            pair(&mut words, texts.put(word.as_bytes()), word.len());
        }
        pair(
            &mut records,
            texts.put(interface.as_bytes()),
            interface.len(),
        );
        pair(&mut records, texts.put(target.as_bytes()), target.len());
        pair(&mut records, texts.put(&words), operations.len());
    }
    (texts.put(&records), requests.len())
}
