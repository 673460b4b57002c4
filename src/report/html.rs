//! The report as one page to hand on: totals, a timeline, and every secret with its places and what
//! to do about it.
//!
//! One file that asks for nothing: no network, and a policy that forbids it. The page works without
//! its script, which only filters and sorts. All text from outside is escaped. Not here: the look,
//! which is in `style.css`.

mod facts;
mod finding;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;

use std::io;

use sha2::{Digest, Sha256};

use self::facts::Facts;
use super::Options;
use super::markup::escape;
use crate::finding::Outcome;
use crate::rule::RuleSet;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    let facts: Vec<Facts<'_>> =
        outcome.findings.iter().map(|finding| Facts::new(finding, rules, options)).collect();
    head(out)?;
    writeln!(out, "<body>\n<header>\n<h1>Leaked secrets</h1>")?;
    writeln!(out, "<p class=\"lede\">{}</p>\n</header>\n<main>", escape(&summary::lede(outcome)))?;
    summary::unread(out, outcome)?;
    if !facts.is_empty() {
        summary::totals(out, &facts)?;
        timeline::write(out, &facts)?;
        summary::shares(out, &facts)?;
        findings(out, &facts)?;
        summary::way_out(out, outcome, &facts)?;
    }
    writeln!(out, "</main>")?;
    summary::foot(out, outcome)?;
    if !facts.is_empty() {
        writeln!(out, "<script>{SCRIPT}</script>")?;
    }
    writeln!(out, "</body>\n</html>")
}

fn head(out: &mut dyn io::Write) -> io::Result<()> {
    // The hashes let in this style and this script, and nothing that a name could smuggle in.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(out, "<link rel=\"icon\" href=\"data:,\">\n<title>Leaked secrets</title>")?;
    writeln!(out, "<style>{STYLE}</style>\n</head>")
}

/// SHA-256 in base64, as the policy wants it.
fn digest(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in Sha256::digest(text).chunks(3) {
        let byte = |i: usize| usize::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * i) & 63]);
            out.push(if i <= group.len() { letter } else { '=' });
        }
    }
    out
}

fn findings(out: &mut dyn io::Write, facts: &[Facts<'_>]) -> io::Result<()> {
    writeln!(out, "<section class=\"secrets\">\n<h2>Secrets</h2>")?;
    finding::tools(out, facts)?;
    writeln!(out, "<p class=\"shown\" id=\"shown\" role=\"status\"></p>\n<div id=\"findings\">")?;
    let span = timeline::span(facts);
    for (number, fact) in (1..).zip(facts) {
        finding::write(out, number, fact, span)?;
    }
    writeln!(out, "</div>\n</section>")
}
