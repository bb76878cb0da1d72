//! The code that `wit-bindgen` makes of `wit/`: types of the contract and raw calls into the host.
//!
//! Templates do not use it: they use the crate's own types and [`crate::Host`]. It is public because
//! the code that [`crate::export_template!`] writes into a template's crate names it.

wit_bindgen::generate!({
    world: "template",
    path: "../wit",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "sandglass_sdk::bindings",
});
