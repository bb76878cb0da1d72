//! The types and traits of the world `template`, generated from `wit/`. Nothing is written here by hand.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "template",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "sandglass:job/database.cursor": crate::capability::cursor::OpenCursor,
        "sandglass:job/artifacts.writer": crate::capability::artifacts::OpenWriter,
    },
});
