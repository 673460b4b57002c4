//! `keytrawl scan` through the program: what is read, what is said, and the exit codes.
//!
//! Not here: rules (`rules.rs`), encodings (`properties.rs`), the trees of `testdata/`.

mod configuration;
mod contents;
#[path = "../harness/mod.rs"]
mod harness;
mod ignored;
mod reports;
mod walk;
mod words;

use keytrawl::rule::armed;

use harness::{Place, base64};

/// Keys that are no key in this file.
fn mega() -> String {
    armed("mega_{hex:64}")
}

fn sk() -> String {
    armed("sk_live_{base62:40}")
}

/// Some key of number `n`.
fn token(n: usize) -> String {
    armed(&format!("rgo-{{base62:32}}#{n}"))[..36].to_owned()
}

const JSON: [&str; 2] = ["--format", "json"];

/// A key in plain, one in base64 and a sample of one.
fn small_tree() -> Place {
    let encoded = base64(format!("{}\n", sk()).as_bytes(), false);
    Place::with(&[
        ("app/.env", format!("# https://gomega.ai\nDEBUG=1\nMEGA_TOKEN={}\n", mega())),
        ("deploy/secret.yaml", format!("data:\n  key: {encoded}\n")),
        ("docs/use.md", "Put `sk_live_your_secret_api_key_here` into it.\n".to_owned()),
    ])
}
