//! Assignments whose signs are escaped, as JSON, HTML and URLs carry other texts: what is assigned to
//! what is read as if they were not, and the secret is the one that was meant.

mod harness;

use harness::{Place, array, text};
use keytrawl::rule::{armed, drawn};

/// The rules and the secrets that a file of this content has.
fn found(content: &str) -> Vec<(String, String)> {
    let place = Place::with(&[("a.txt", format!("{content}\n"))]);
    let run = place.run(&["--format", "json", "--show-secrets"]);
    let of = |field: &str| -> Vec<String> {
        let report = run.json();
        array(&report["findings"]).iter().map(|one| text(&one[field]).to_owned()).collect()
    };
    of("rule").into_iter().zip(of("secret")).collect()
}

fn escaped(plain: &str, signs: &str, write: impl Fn(u32) -> String) -> String {
    let one = |c: char| if signs.contains(c) { write(c.into()) } else { c.to_string() };
    plain.chars().map(one).collect()
}

#[test]
fn what_is_assigned_among_escaped_signs_is_found() {
    let names = |sign: u32| match char::from_u32(sign) {
        Some('"') => "&quot;".to_owned(),
        Some('<') => "&lt;".to_owned(),
        Some('>') => "&gt;".to_owned(),
        _ => format!("&#{sign};"),
    };
    let writers: [&dyn Fn(u32) -> String; 6] = [
        &names,
        &|sign| format!("&#{sign};"),
        &|sign| format!("&#x{sign:x};"),
        &|sign| format!("\\u{sign:04x}"),
        &|sign| format!("\\x{sign:02X}"),
        &|sign| format!("%{sign:02X}"),
    ];
    for (seed, write) in writers.iter().enumerate() {
        let value = drawn("{base62:32}", seed as u64);
        for text in [
            format!("{{\"id\":7,\"client_secret\":\"{value}\",\"n\":1}}"),
            format!("{{\"id\":7,\"client_secret\": \"{value}\"}}"),
            format!("<id>7</id><client_secret>{value}</client_secret>"),
            format!("<add key=\"client_secret\" value=\"{value}\"/>"),
            format!("id='7' client_secret='{value}'"),
        ] {
            let text = escaped(&text, "\"'<>", write);
            let expected = [("generic-api-key".to_owned(), value.clone())];
            assert_eq!(found(&text), expected, "{}", text.replace(&value, "…"));
        }
    }
}

#[test]
fn a_name_at_the_start_of_a_line_of_an_escaped_text_is_read() {
    let value = armed("{base62:32}");
    for line in ["token = '@'", "client_secret: @", "TOKEN=@"] {
        for end in ["\\n", "\\r\\n", "\\n\\t", "%0A", "\\u000a"] {
            let text = format!("\"a: 1{end}{}{end}b: 2\"", line.replace('@', &value));
            assert_eq!(
                found(&text),
                [("generic-api-key".to_owned(), value.clone())],
                "{line} {end}"
            );
        }
    }
}

#[test]
fn a_secret_whose_own_signs_are_escaped_is_the_one_that_was_meant() {
    for seed in 0..6 {
        let (own, key) = (drawn("{base64:40}", seed), drawn("{base64:86}==", seed));
        let sas = drawn("{base64:43}=", seed);
        // As those of .NET, Go, Java and PHP do.
        for signs in ["+&", "&", "=&", "/"] {
            let write = |sign: u32| match signs {
                "/" => "\\/".to_owned(),
                _ => format!("\\u{sign:04X}"),
            };
            for (text, kind, secret) in [
                (format!("aws_secret_access_key\": \"{own}"), "aws-secret", &own),
                (format!("s\": \"AccountName=a;AccountKey={key};"), "azure-storage", &key),
                (format!("s\": \"https://a.example/?sr=b&sig={sas}&sp=r"), "azure-sas", &sas),
            ] {
                let text = format!("{{\"{}\"}}", escaped(&text, signs, write));
                let found = found(&text);
                let [(rule, value)] = found.as_slice() else {
                    panic!("{} for {kind} {signs} {seed}", found.len())
                };
                assert!(rule.starts_with(kind), "{rule} for {kind} {signs} {seed}");
                assert!(value == secret, "another {kind} {signs} {seed}");
            }
        }
    }
}
