//! Guests that want secrets that are not theirs. The server of the corpus keeps none.

use super::{
    Expect::{self, Answers, NoJob},
    GOOD, Guest, Hostile,
};

const PLACEHOLDER: &str = r#"(import "sandglass:job/secrets@0.1.0" "placeholder"
    (func $placeholder (param i32 i32 i32)))"#;

/// A guest that is granted one secret and asks for the placeholder of one.
macro_rules! secret {
    ($granted:literal, $name:literal) => {
        Guest {
            imports: PLACEHOLDER,
            requests: &[("secrets", $granted, &["use"])],
            execute: concat!(
                "(call $placeholder «",
                $name,
                "» (i32.const 4096)) (call $case (i32.const 4096) (i32.const 4100))"
            ),
            ..GOOD
        }
    };
}

const DENIED: Expect = Answers("\"access-denied\"");
const INVALID: Expect = Answers("\"invalid-argument\"");

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "another_secret_is_denied",
        DENIED,
        secret!("hook_token", "database_password"),
    ),
    Hostile::new(
        "a_secret_in_capitals_is_another",
        DENIED,
        secret!("hook_token", "HOOK_TOKEN"),
    ),
    Hostile::new(
        "a_secret_by_a_path_is_invalid",
        INVALID,
        secret!("hook_token", "../hook_token"),
    ),
    Hostile::new(
        "a_secret_with_a_nul_is_invalid",
        INVALID,
        secret!("hook_token", "hook_token\\00"),
    ),
    Hostile::new(
        "every_secret_makes_no_job",
        NoJob("each by its own"),
        secret!("*", "hook_token"),
    ),
];
