//! Guests that send requests to where nobody outside may, write a place as another one, or put headers
//! into requests. Each is granted the destination that stands in it, so
//! that what keeps it away is the address, or that what it asks for is not what it was granted.

use super::{
    Expect::{self, Answers, NoJob},
    GOOD, Guest, Hostile,
};

const SEND: &str = r#"(import "sandglass:job/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;

/// A guest that is granted one destination and asks for one URL, with a header.
macro_rules! asking {
    ($granted:literal, $method:literal, $url:literal, $header:literal, $value:literal) => {
        Guest {
            imports: SEND,
            requests: &[("http", $granted, &["request"])],
            execute: concat!(
                "(call $text (i32.const 4400) «",
                $header,
                "») (call $text (i32.const 4408) «",
                $value,
                "») (call $send «",
                $method,
                "» «",
                $url,
                "» (i32.const 4400) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 4096))
                (call $case (i32.const 4096) (i32.const 4100))"
            ),
            ..GOOD
        }
    };
    ($granted:literal, $method:literal, $url:literal) => {
        asking!($granted, $method, $url, "accept", "*/*")
    };
    ($granted:literal, $url:literal) => {
        asking!($granted, "GET", $url)
    };
}

const DENIED: Expect = Answers("\"access-denied\"");
const INVALID: Expect = Answers("\"invalid-argument\"");

pub(super) const GUESTS: &[Hostile] = &[
    Hostile::new(
        "loopback_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://127.0.0.1/"),
    ),
    Hostile::new(
        "loopback_as_one_number_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://2130706433/"),
    ),
    Hostile::new(
        "loopback_in_hexadecimal_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://0x7f.1/"),
    ),
    Hostile::new(
        "loopback_in_octal_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://0177.0.0.01/"),
    ),
    Hostile::new(
        "loopback_in_short_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://127.1/"),
    ),
    Hostile::new(
        "loopback_in_wide_digits_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://１２７.0.0.1/"),
    ),
    Hostile::new(
        "loopback_with_a_last_dot_is_denied",
        DENIED,
        asking!("GET http://127.0.0.1/*", "http://127.0.0.1./"),
    ),
    Hostile::new(
        "the_name_of_loopback_is_denied",
        DENIED,
        asking!("GET http://localhost/*", "http://LOCALHOST/"),
    ),
    Hostile::new(
        "the_rest_of_loopback_is_denied",
        DENIED,
        asking!("GET http://127.8.9.10/*", "http://127.8.9.10/"),
    ),
    Hostile::new(
        "this_network_is_denied",
        DENIED,
        asking!("GET http://0.0.0.0/*", "http://0/"),
    ),
    Hostile::new(
        "a_network_of_ten_is_denied",
        DENIED,
        asking!("GET http://10.0.0.1/*", "http://10.0.0.1/"),
    ),
    Hostile::new(
        "a_network_at_home_is_denied",
        DENIED,
        asking!("GET http://192.168.0.1/*", "http://192.168.0.1/"),
    ),
    Hostile::new(
        "a_network_of_containers_is_denied",
        DENIED,
        asking!("GET http://172.17.0.1/*", "http://172.17.0.1/"),
    ),
    Hostile::new(
        "a_network_of_carriers_is_denied",
        DENIED,
        asking!("GET http://100.64.0.1/*", "http://100.64.0.1/"),
    ),
    Hostile::new(
        "metadata_of_a_cloud_is_denied",
        DENIED,
        asking!(
            "GET http://169.254.169.254/*",
            "http://169.254.169.254/latest/meta-data/"
        ),
    ),
    Hostile::new(
        "metadata_as_one_number_is_denied",
        DENIED,
        asking!("GET http://169.254.169.254/*", "http://2852039166/"),
    ),
    Hostile::new(
        "metadata_of_another_cloud_is_denied",
        DENIED,
        asking!("GET http://168.63.129.16/*", "http://168.63.129.16/"),
    ),
    Hostile::new(
        "metadata_in_ipv6_is_denied",
        DENIED,
        asking!("GET http://[fd00:ec2::254]/*", "http://[fd00:ec2::254]/"),
    ),
    Hostile::new(
        "many_at_once_are_denied",
        DENIED,
        asking!("GET http://224.0.0.1/*", "http://224.0.0.1/"),
    ),
    Hostile::new(
        "everybody_at_once_is_denied",
        DENIED,
        asking!("GET http://255.255.255.255/*", "http://255.255.255.255/"),
    ),
    Hostile::new(
        "loopback_in_ipv6_is_denied",
        DENIED,
        asking!("GET http://[::1]/*", "http://[0:0:0:0:0:0:0:1]/"),
    ),
    Hostile::new(
        "loopback_mapped_is_denied",
        DENIED,
        asking!("GET http://[::ffff:127.0.0.1]/*", "http://[::ffff:7f00:1]/"),
    ),
    Hostile::new(
        "loopback_in_the_old_form_is_denied",
        DENIED,
        asking!("GET http://[::127.0.0.1]/*", "http://[::127.0.0.1]/"),
    ),
    Hostile::new(
        "loopback_by_nat64_is_denied",
        DENIED,
        asking!(
            "GET http://[64:ff9b::7f00:1]/*",
            "http://[64:ff9b::127.0.0.1]/"
        ),
    ),
    Hostile::new(
        "loopback_by_6to4_is_denied",
        DENIED,
        asking!("GET http://[2002:7f00:1::]/*", "http://[2002:7f00:1::]/"),
    ),
    Hostile::new(
        "loopback_by_teredo_is_denied",
        DENIED,
        asking!(
            "GET http://[2001::80ff:fffe]/*",
            "http://[2001::80ff:fffe]/"
        ),
    ),
    Hostile::new(
        "the_next_machine_is_denied",
        DENIED,
        asking!("GET http://[fe80::1]/*", "http://[fe80::1]/"),
    ),
    Hostile::new(
        "another_host_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "https://b.example/"),
    ),
    Hostile::new(
        "a_host_that_ends_alike_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "https://evila.example/"),
    ),
    Hostile::new(
        "a_host_that_begins_alike_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "https://a.example.evil.test/"),
    ),
    Hostile::new(
        "another_port_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "https://a.example:22/"),
    ),
    Hostile::new(
        "an_open_way_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "http://a.example/"),
    ),
    Hostile::new(
        "another_method_is_denied",
        DENIED,
        asking!("GET https://a.example/*", "DELETE", "https://a.example/"),
    ),
    Hostile::new(
        "a_path_out_of_what_is_granted_is_denied",
        DENIED,
        asking!(
            "GET https://a.example/public/*",
            "https://a.example/public/../admin"
        ),
    ),
    Hostile::new(
        "an_escaped_path_out_of_it_is_denied",
        DENIED,
        asking!(
            "GET https://a.example/public/*",
            "https://a.example/public/%2e%2e/admin"
        ),
    ),
    Hostile::new(
        "an_escaped_slash_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/public/*",
            "https://a.example/public/..%2fadmin"
        ),
    ),
    Hostile::new(
        "a_slash_escaped_twice_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/public/*",
            "https://a.example/public/..%252fadmin"
        ),
    ),
    Hostile::new(
        "a_user_in_a_url_is_invalid",
        INVALID,
        asking!("GET https://a.example/*", "https://a.example@127.0.0.1/"),
    ),
    Hostile::new(
        "a_backslash_in_a_url_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "https://a.example\\5c@127.0.0.1/"
        ),
    ),
    Hostile::new(
        "a_line_break_in_a_url_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "https://a.example/\\0d\\0aX-Evil: 1"
        ),
    ),
    Hostile::new(
        "a_blank_in_a_url_is_invalid",
        INVALID,
        asking!("GET https://a.example/*", "https://a.example/ HTTP/1.1"),
    ),
    Hostile::new(
        "a_file_is_no_place_to_ask",
        INVALID,
        asking!("GET https://a.example/*", "file:///etc/passwd"),
    ),
    Hostile::new(
        "another_protocol_is_no_place_to_ask",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "gopher://127.0.0.1:6379/_FLUSHALL"
        ),
    ),
    Hostile::new(
        "a_tunnel_is_no_method",
        INVALID,
        asking!("GET https://a.example/*", "CONNECT", "https://a.example/"),
    ),
    Hostile::new(
        "a_line_break_in_a_method_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET / HTTP/1.1\\0d\\0aX: ",
            "https://a.example/"
        ),
    ),
    Hostile::new(
        "a_header_in_a_header_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "x-a",
            "1\\0d\\0aX-Evil: 1"
        ),
    ),
    Hostile::new(
        "a_header_in_the_name_of_one_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "x-a: 1\\0d\\0aX-Evil",
            "1"
        ),
    ),
    Hostile::new(
        "another_host_in_a_header_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "Host",
            "127.0.0.1"
        ),
    ),
    Hostile::new(
        "another_length_in_a_header_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "Content-Length",
            "100"
        ),
    ),
    Hostile::new(
        "chunks_in_a_header_are_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "Transfer-Encoding",
            "chunked"
        ),
    ),
    Hostile::new(
        "a_password_in_a_header_is_invalid",
        INVALID,
        asking!(
            "GET https://a.example/*",
            "GET",
            "https://a.example/",
            "Authorization",
            "Bearer stolen"
        ),
    ),
    Hostile::new(
        "every_host_makes_no_job",
        NoJob("the template asks for http"),
        asking!("GET https://*/*", "https://a.example/"),
    ),
    Hostile::new(
        "everything_makes_no_job",
        NoJob("the template asks for http"),
        asking!("*", "https://a.example/"),
    ),
    Hostile::new(
        "a_user_in_a_destination_makes_no_job",
        NoJob("the template asks for http"),
        asking!("GET https://a.example@b.example/*", "https://b.example/"),
    ),
];
