//! Guests that put headers into mail, or write an address that others read as another one. They may
//! write to `ada@example.org` and to nobody else.

use super::{
    Expect::{self, Answers},
    GOOD, Guest, Hostile,
};

const SEND: &str = r#"(import "sandglass:job/email@0.1.0" "send" (func $send (param i32 i32)))"#;

/// A message at 4096 and a list of recipients at 4400: to, cc, bcc, reply-to, subject, text, html,
/// attachments.
const MESSAGE: &str = "
    (func $to (param $address i32) (param $length i32)
        (call $text (i32.const 4400) (local.get $address) (local.get $length))
        (call $text (i32.const 4096) (i32.const 4400) (i32.const 1)))
    (func $bcc (param $address i32) (param $length i32)
        (call $text (i32.const 4408) (local.get $address) (local.get $length))
        (call $text (i32.const 4112) (i32.const 4408) (i32.const 1)))
    (func $reply_to (param $address i32) (param $length i32)
        (i32.store (i32.const 4120) (i32.const 1))
        (call $text (i32.const 4124) (local.get $address) (local.get $length)))
    (func $subject (param $subject i32) (param $length i32)
        (call $text (i32.const 4132) (local.get $subject) (local.get $length))
        ;; Every message has a body.
        (i32.store (i32.const 4140) (i32.const 1))
        (call $text (i32.const 4144) (i32.const 16) (i32.const 4)))
    (func $attach (param $id i32) (param $length i32)
        (call $text (i32.const 4416) (local.get $id) (local.get $length))
        (call $text (i32.const 4164) (i32.const 4416) (i32.const 1)))
    (func $sent (result i32)
        (call $send (i32.const 4096) (i32.const 4200))
        (call $case (i32.const 4200) (i32.const 4204)))";

const fn mailing(execute: &'static str) -> Guest {
    Guest {
        imports: SEND,
        definitions: MESSAGE,
        requests: &[("email", "ada@example.org", &["send"])],
        execute,
        ..GOOD
    }
}

/// A guest that writes to one address.
macro_rules! to {
    ($address:literal) => {
        mailing(concat!(
            "(call $to «",
            $address,
            "») (call $subject «Hello») (call $sent)"
        ))
    };
}

const DENIED: Expect = Answers("\"access-denied\"");
const INVALID: Expect = Answers("\"invalid-argument\"");
const DONE: Expect = Answers("\"done\"");

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "mail_to_whom_it_may_be_sent_is_sent",
        DONE,
        to!("ada@example.org"),
    ),
    Hostile::new(
        "a_domain_in_capitals_is_the_same_domain",
        DONE,
        to!("ada@EXAMPLE.Org"),
    ),
    Hostile::new(
        "a_name_in_capitals_is_somebody_else",
        DENIED,
        to!("Ada@example.org"),
    ),
    Hostile::new("somebody_else_is_denied", DENIED, to!("eve@example.org")),
    Hostile::new(
        "another_domain_is_denied",
        DENIED,
        to!("ada@example.org.evil.test"),
    ),
    Hostile::new(
        "a_domain_with_a_last_dot_is_invalid",
        INVALID,
        to!("ada@example.org."),
    ),
    Hostile::new(
        "a_name_with_a_tag_is_somebody_else",
        DENIED,
        to!("ada+x@example.org"),
    ),
    Hostile::new(
        "a_name_with_a_route_is_somebody_else",
        DENIED,
        to!("ada%evil.test@example.org"),
    ),
    Hostile::new(
        "a_name_with_a_bang_path_is_somebody_else",
        DENIED,
        to!("evil.test!ada@example.org"),
    ),
    Hostile::new(
        "a_name_in_quotes_is_invalid",
        INVALID,
        to!("\"ada\"@example.org"),
    ),
    Hostile::new(
        "quotes_around_an_at_are_invalid",
        INVALID,
        to!("\"ada@example.org\"@evil.test"),
    ),
    Hostile::new(
        "two_ats_are_invalid",
        INVALID,
        to!("ada@example.org@evil.test"),
    ),
    Hostile::new(
        "two_addresses_in_one_are_invalid",
        INVALID,
        to!("ada@example.org,eve@evil.test"),
    ),
    Hostile::new(
        "a_group_of_addresses_is_invalid",
        INVALID,
        to!("all:ada@example.org,eve@evil.test;"),
    ),
    Hostile::new(
        "a_display_name_is_invalid",
        INVALID,
        to!("Ada <ada@example.org>"),
    ),
    Hostile::new(
        "a_source_route_is_invalid",
        INVALID,
        to!("<@evil.test:ada@example.org>"),
    ),
    Hostile::new(
        "a_comment_in_an_address_is_invalid",
        INVALID,
        to!("ada(x)@example.org"),
    ),
    Hostile::new(
        "an_address_literal_is_invalid",
        INVALID,
        to!("ada@[127.0.0.1]"),
    ),
    Hostile::new(
        "a_blank_before_an_address_is_invalid",
        INVALID,
        to!(" ada@example.org"),
    ),
    Hostile::new(
        "a_nul_behind_an_address_is_invalid",
        INVALID,
        to!("ada@example.org\\00"),
    ),
    Hostile::new(
        "a_cyrillic_letter_in_a_name_is_invalid",
        INVALID,
        to!("аda@example.org"),
    ),
    Hostile::new(
        "a_cyrillic_letter_in_a_domain_is_invalid",
        INVALID,
        to!("ada@exаmple.org"),
    ),
    Hostile::new("a_wide_at_is_invalid", INVALID, to!("ada＠example.org")),
    Hostile::new("a_wide_dot_is_invalid", INVALID, to!("ada@example。org")),
    Hostile::new(
        "a_letter_that_folds_to_ascii_is_invalid",
        INVALID,
        to!("ada@example.or\u{ff47}"),
    ),
    Hostile::new(
        "an_invisible_character_is_invalid",
        INVALID,
        to!("ada\u{200b}@example.org"),
    ),
    Hostile::new("a_star_is_nobody", INVALID, to!("*@example.org")),
    Hostile::new("a_star_alone_is_nobody", INVALID, to!("*")),
    Hostile::new(
        "a_header_in_an_address_is_invalid",
        INVALID,
        to!("ada@example.org\\0d\\0aBcc: eve@evil.test"),
    ),
    Hostile::new(
        "a_command_in_an_address_is_invalid",
        INVALID,
        to!("ada@example.org>\\0d\\0aRCPT TO:<eve@evil.test"),
    ),
    Hostile::new(
        "a_header_in_a_subject_is_invalid",
        INVALID,
        mailing(
            "(call $to «ada@example.org») (call $subject «Hi\\0d\\0aBcc: eve@evil.test»)
            (call $sent)",
        ),
    ),
    Hostile::new(
        "half_a_line_break_in_a_subject_is_invalid",
        INVALID,
        mailing(
            "(call $to «ada@example.org») (call $subject «Hi\\0aBcc: eve@evil.test») (call $sent)",
        ),
    ),
    Hostile::new(
        "a_line_break_of_another_alphabet_in_a_subject_is_invalid",
        INVALID,
        mailing(
            "(call $to «ada@example.org») (call $subject «Hi\\c2\\85Bcc: eve@evil.test»)
            (call $sent)",
        ),
    ),
    Hostile::new(
        "a_header_in_where_answers_go_is_invalid",
        INVALID,
        mailing(
            "(call $to «ada@example.org») (call $subject «Hi»)
            (call $reply_to «ada@example.org\\0d\\0aBcc: eve@evil.test») (call $sent)",
        ),
    ),
    Hostile::new(
        "a_hidden_recipient_is_denied_and_so_is_the_whole_message",
        DENIED,
        mailing(
            "(call $to «ada@example.org») (call $bcc «eve@example.org») (call $subject «Hi»)
            (call $sent)",
        ),
    ),
    Hostile::new(
        "a_message_to_nobody_is_invalid",
        INVALID,
        mailing("(call $subject «Hi») (call $sent)"),
    ),
    Hostile::new(
        "a_message_to_a_hundred_and_one_is_invalid",
        INVALID,
        mailing(
            "(local $at i32)
            (local.set $at (i32.const 65536))
            (loop $again
                (call $text (local.get $at) «ada@example.org»)
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $again (i32.lt_u (local.get $at) (i32.const 66344))))
            (call $text (i32.const 4096) (i32.const 65536) (i32.const 101))
            (call $subject «Hi») (call $sent)",
        ),
    ),
    Hostile::new(
        "an_attachment_of_another_run_is_invalid",
        INVALID,
        mailing(
            "(call $to «ada@example.org») (call $subject «Hi»)
            (call $attach «exec_01:1:report.csv») (call $sent)",
        ),
    ),
    Hostile::new(
        "a_flood_of_mail_is_refused",
        Answers("\"limit-exceeded\""),
        mailing(
            "(local $count i32)
            (call $to «ada@example.org») (call $subject «Hi»)
            (loop $again
                (call $send (i32.const 4096) (i32.const 4200))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $count) (i32.const 6))))
            (call $case (i32.const 4200) (i32.const 4204))",
        ),
    )
    .limits(&[("mail_recipients", 5)]),
];
