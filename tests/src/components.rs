//! Templates made of a core module in text: small, and whatever a test needs them to be.

use std::fmt::Write as _;

use serde_json::{Value, json};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::workspace;

/// What a template says, whatever it is asked; its run does nothing.
#[derive(Debug, Clone)]
pub struct WatTemplate {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The JSON Schema of its parameters.
    pub schema: Value,
    /// What it asks to be allowed, as (interface, target, operation).
    pub capabilities: Vec<(&'static str, String, &'static str)>,
    /// The code that `validate`'s one issue has; without it, all parameters are valid.
    pub issue: Option<&'static str>,
    /// Whether it imports `database`.
    pub imports_database: bool,
    /// More definitions of the module.
    pub definitions: String,
}

/// The import of one function of `database`, which makes the component import the interface.
const DATABASE: &str = r#"(import "sandglass:job/database@0.1.0" "delete-many"
    (func $delete (param i32 i32 i32 i32 i32 i64 i32)))"#;
/// Where data begin: below are the answers of functions that have none of their own.
const DATA_FROM: usize = 256;
/// Where memory is handed out.
const FREE_FROM: usize = 49_152;

/// Bytes of the memory, laid out as the canonical ABI wants them.
#[derive(Default)]
struct Memory(Vec<u8>);

impl Memory {
    fn place(&mut self, bytes: &[u8]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = DATA_FROM + self.0.len();
        self.0.extend_from_slice(bytes);
        u32::try_from(at).expect("it is small")
    }

    /// A string or a list, as its place and length.
    fn slice(&mut self, bytes: &[u8], length: usize) -> Vec<u8> {
        let at = self.place(bytes);
        let length = u32::try_from(length).expect("it is small");
        [at.to_le_bytes(), length.to_le_bytes()].concat()
    }

    fn text(&mut self, text: &str) -> Vec<u8> {
        self.slice(text.as_bytes(), text.len())
    }
}

impl WatTemplate {
    /// A template that imports nothing and takes any parameters.
    #[must_use]
    pub fn new(id: &str, version: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            schema: json!({"type": "object"}),
            capabilities: Vec::new(),
            issue: None,
            imports_database: false,
            definitions: String::new(),
        }
    }

    /// The bytes of its component.
    #[must_use]
    pub fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.module()).expect("the module is valid");
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(workspace().join("wit"))
            .expect("the contract is valid");
        let world = resolve
            .select_world(&[package], Some("template"))
            .expect("the contract has the world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .expect("the module takes the world");
        let mut encoder = ComponentEncoder::default();
        let encoder = encoder.validate(true).module(&module);
        let encoder = encoder.expect("a module of the world");
        encoder.encode().expect("the module becomes a component")
    }

    fn module(&self) -> String {
        let mut memory = Memory::default();
        let texts = [
            self.id.as_str(),
            "A test",
            "For tests",
            self.version.as_str(),
            "testing",
            "T",
            "a moment",
        ];
        let mut record: Vec<u8> = texts.iter().flat_map(|it| memory.text(it)).collect();
        // The two enums.
        record.extend_from_slice(&[0, 0]);
        let metadata = memory.place(&record);
        let schema = memory.text(&self.schema.to_string());
        let schema = memory.place(&schema);
        let validate = match self.issue {
            None => memory.place(&[0; 12]),
            Some(code) => {
                let texts = ["/collection", code, "The test refuses it"];
                let issue: Vec<u8> = texts.iter().flat_map(|it| memory.text(it)).collect();
                let issues = memory.slice(&issue, 1);
                memory.place(&[vec![1, 0, 0, 0], issues].concat())
            }
        };
        let mut requests = Vec::new();
        for (interface, target, operation) in &self.capabilities {
            requests.extend(memory.text(interface));
            requests.extend(memory.text(target));
            let operation = memory.text(operation);
            requests.extend(memory.slice(&operation, 1));
        }
        let requests = memory.slice(&requests, self.capabilities.len());
        let capabilities = memory.place(&requests);
        let result = [memory.text("{}"), memory.text("Done")].concat();
        let executed = memory.place(&[vec![0; 8], result].concat());
        assert!(DATA_FROM + memory.0.len() < FREE_FROM, "it is too large");
        let mut data = String::new();
        for byte in &memory.0 {
            write!(data, "\\{byte:02x}").expect("a string takes everything");
        }
        let import = if self.imports_database { DATABASE } else { "" };
        let definitions = &self.definitions;
        format!(
            r#"(module
                {import}
                (memory (export "memory") 1)
                (global $free (mut i32) (i32.const {FREE_FROM}))
                (data (i32.const {DATA_FROM}) "{data}")
                {definitions}
                (func (export "metadata") (result i32) (i32.const {metadata}))
                (func (export "schema") (result i32) (i32.const {schema}))
                (func (export "validate") (param i32 i32) (result i32) (i32.const {validate}))
                (func (export "capabilities") (param i32 i32) (result i32)
                    (i32.const {capabilities}))
                (func (export "execute")
                    (param i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32)
                    (result i32)
                    (i32.const {executed}))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (global.get $free))
                    (global.set $free (i32.add (global.get $free)
                        (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
                    (local.get $at)))"#
        )
    }
}

/// Functions that do nothing of use and take the compiler its time.
#[must_use]
pub fn idle_functions(functions: usize, instructions: usize) -> String {
    let body: String = (0..instructions)
        .map(|number| {
            format!(
                "(local.set 0 (i64.mul (i64.add (local.get 0) (i64.const {number})) (local.get 1)))"
            )
        })
        .collect();
    (0..functions)
        .map(|_| format!("(func (param i64 i64) (result i64) {body} (local.get 0))"))
        .collect()
}
