//! What `placeholder` promises, and the measurement of how often chance trips it.

use sha2::{Digest, Sha256};

use super::*;
use crate::randomness::tests::{Random, drawn};
use crate::randomness::{LIKELY, evidence};
use proptest::prelude::*;

/// Bodies of documentation and public code, after the prefix that precedes them.
fn samples() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "1a2b3c4d5e6f....",
        "1a2b3c......",
        "<64 hex digits>",
        "Xy3f\u{2026}a1b2a1b2a1b2",
        "\u{2022}\u{2022}\u{2022}\u{2022}a1b2a1b2",
        "your_key_here",
        "your-token-here",
        "your_token_here",
        "your_tollgate_api_key_here",
        "YOUR_SECRET_KEY",
        "REPLACE_WITH_YOUR_SECRET_KEY",
        "123456789012345678901234567890",
        "01234567-89ab-cdef-1234-567890abcdef",
        "01234567-89ab-cdef-1234-567890abcdef:secretpart123",
        "menu_styles()",
        "whsec_9f86d081....",
        "super_tajny_token",
        "customer_ids",
        "sena_combinacoes_",
        "live_closed.json",
        "timing__timing_stats_lap_times__dbt_tmp",
        "trading_enabled",
        "TRADING_ENABLED",
        "write_buffer_size",
        "cd-application-controller",
        "list-test-fixture-dependency-two",
        "magic-mcp-server",
        "trader-ui-package",
        "match&match=",
        "bot_token_name",
        "<uuid>:<secret>",
        "${NATEQ_API_KEY}",
        "{{ secrets.key }}",
        "$LEADTERRA_API_KEY",
        "%s-formatted-key",
        "********************",
        "CHANGEME_CHANGEME",
        "a1b2c3d4e5f6",
        "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
        "deadbeefdeadbeefdeadbeefdeadbeef",
        "qwertyuiopasdfghjklzxcvbnm",
        "abcdefghijklmnopqrstuvwxyz012345",
        "abc123def456ghi789jkl012",
        "9876543210987654321098765432",
        "xxxxxxxxxxxx1234",
        "foo-fake-token-bar",
        "00112233445566778899aabbccddeeff",
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000001",
        "11111111-2222-3333-4444-555555555555",
        "12345678-1234-1234-1234-123456789012",
        "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE",
    ]
    .map(str::to_owned)
    .into();
    bodies.extend(
        [("x", 21), ("x", 44), ("G", 30), ("a", 50), ("0", 64), ("world", 8)]
            .map(|(piece, times)| piece.repeat(times)),
    );
    for input in ["", "test", "hello", "password", "secret", "foo", "test\n"] {
        bodies.push(Sha256::digest(input).iter().map(|byte| format!("{byte:02x}")).collect());
    }
    bodies
}

#[test]
fn every_sample_of_the_documents_is_rejected() {
    for body in samples() {
        let bits = evidence(body.as_bytes()).bits;
        assert!(reason(body.as_bytes()).is_some() || bits < LIKELY, "{body}: {bits}");
    }
}

#[test]
fn each_reason_is_told_from_the_others() {
    let told = |body: &str| reason(body.as_bytes()).map(|reason| reason.to_string());
    let told = [
        told("xyzxyzxyzxyzxyz"),
        told("0123456789abcdef"),
        told("a1b2c3d4e5f6"),
        told("qwertyuiopasdfgh"),
        told("sample-REDACTED-1"),
        told("the-fake-token-1"),
        told("1a2b3c...."),
        told("${TOKEN}"),
        told(&["9f86d081884c", "7d659a2feaa0", "c55ad015"].concat()),
        told("550E8400-e29b-41d4-a716-446655440000"),
        told("00000000000000000042"),
        told("Spencer-Tracy-Reads"),
    ]
    .map(|reason| reason.unwrap_or_else(|| "none".to_owned()));
    assert_eq!(
        told,
        [
            "repeats one character or one short piece",
            "is a counting sequence or a keyboard walk",
            "is a counting sequence or a keyboard walk",
            "is a counting sequence or a keyboard walk",
            "says that it is a sample: \"redacted\"",
            "says that it is a sample: \"fake\"",
            "is masked or shortened",
            "is a template that is filled in elsewhere",
            "is the digest of a common test input",
            "is a sample from public documentation",
            "repeats one character or one short piece",
            "none",
        ]
    );
}

#[test]
fn nothing_but_signs_stands_for_a_secret() {
    for body in ["-------------", "________", "#=#=#=#="] {
        assert_eq!(reason(body.as_bytes()), Some(Placeholder::Masked), "{body}");
    }
    assert_eq!(reason(b""), None);
}

#[test]
fn a_template_has_a_name_behind_its_sign() {
    let is_template = |body: &str| reason(body.as_bytes()) == Some(Placeholder::Template);
    for body in ["$PW", "$db->pw", "a-$TOKEN", "x${y}", "v$(id)", "%s", "a=%s&b", "%(pw)s", "$pw1"]
    {
        assert!(is_template(body), "{body}");
    }
    for body in ["q7$3kPz!", "q7$k3Pz!", "a$Zt", "9%s7kq", "k%8!", "pa$$w0", "$a3e9d81c4b7f"] {
        assert!(!is_template(body), "{body}");
    }
}

#[test]
fn published_sample_keys_are_known() {
    for halves in [
        ["4eC39HqLyj", "WDarjtT1zdp7dc"],
        ["BQokikJOvB", "iI2HlWgH4olfQ2"],
        ["VePHdqKTYQjK", "NInc7u56JBrQ"],
    ] {
        assert_eq!(reason(halves.concat().as_bytes()), Some(Placeholder::Published));
    }
}

#[test]
fn chance_does_not_make_a_placeholder() {
    assert_eq!(tripped(3_000), Vec::<String>::new());
}

#[test]
#[ignore = "a measurement: cargo test --release --lib measure_chance -- --ignored --nocapture"]
fn measure_chance() {
    let times = 1_000_000;
    println!("{:#?} of {times} times each", tripped(times));
}

/// Random bodies of every kind, UUIDs too, that were taken for placeholders.
fn tripped(times: usize) -> Vec<String> {
    let mut random = Random(11);
    let mut tripped = Vec::new();
    let mut kinds = drawn();
    kinds.push(("uuid", b"0123456789abcdef".to_vec(), &[36]));
    for (name, alphabet, lengths) in kinds {
        for &length in lengths {
            let mut body = vec![0; length];
            for _ in 0..times {
                random.fill(&mut body, &alphabet);
                if name == "uuid" {
                    for at in [8, 13, 18, 23] {
                        body[at] = b'-';
                    }
                }
                if let Some(reason) = reason(&body) {
                    tripped.push(format!("{name}: {reason}: {}", String::from_utf8_lossy(&body)));
                }
            }
        }
    }
    tripped
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (reason(&body), uuid_reason(&body));
    }

    #[test]
    fn a_repeated_piece_is_a_placeholder(piece in "[a-zA-Z0-9]{1,10}", times in 2usize..9) {
        let body = piece.repeat(times);
        prop_assume!(body.len() >= LEAST);
        prop_assert!(reason(body.as_bytes()).is_some());
    }
}

#[test]
fn brackets_of_programs_nest_and_those_of_chance_do_not() {
    for (text, expected) in [
        ("no brackets", Nesting::None),
        ("closed only)}", Nesting::None),
        ("closed) again)", Nesting::None),
        ("by#chance]3a=T}", Nesting::Broken),
        ("opened( only[", Nesting::None),
        ("a->b => c", Nesting::None),
        ("params[:name]", Nesting::Pairs),
        ("${NAME:-x}", Nesting::Pairs),
        ("min(8)->mixed()]", Nesting::Pairs),
        ("m{{h}o)p", Nesting::Broken),
        ("a(b]c", Nesting::Broken),
    ] {
        assert_eq!(nesting(text.as_bytes()), expected, "{text}");
    }
}
