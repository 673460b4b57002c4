//! The last lines: what was found, what was scanned, what was left out.
//!
//! Counts of nothing are left out, so that what is there means something.

use std::io;

use super::page::{CARE, FAINT, Page, STRONG};
use crate::finding::{Outcome, Stats, Verdict};
use crate::rule::Severity;

const LABEL: usize = 2;
const TEXT: usize = 13;

/// Writes the section.
pub(super) fn write(page: &mut Page<'_>, outcome: &Outcome) -> io::Result<()> {
    page.flow(0, (STRONG, ""), 0, &found(outcome))?;
    page.flow(LABEL, (FAINT, "scanned"), TEXT, &scanned(&outcome.stats))?;
    let left = left_out(outcome);
    for (i, text) in left.iter().enumerate() {
        page.flow(LABEL, (FAINT, if i == 0 { "left out" } else { "" }), TEXT, text)?;
    }
    let skipped = outcome.stats.skipped;
    if skipped > 0 {
        let files = count(skipped, "file", "files");
        let text = format!("{files}: too large, allowed by path, or not regular");
        page.flow(LABEL, (FAINT, "skipped"), TEXT, &text)?;
    }
    if outcome.complete {
        page.flow(LABEL, (FAINT, "complete"), TEXT, "yes")
    } else {
        page.flow(LABEL, (CARE, "complete"), TEXT, &unread(outcome))
    }
}

fn found(outcome: &Outcome) -> String {
    if outcome.findings.is_empty() {
        let where_ = if outcome.complete { "." } else { " in what could be read." };
        return format!("No secrets found{where_}");
    }
    let places: usize = outcome.findings.iter().map(|f| f.occurrences.len()).sum();
    let mut kinds = Vec::new();
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let number = outcome.findings.iter().filter(|f| f.severity == severity).count();
        if number > 0 {
            kinds.push(format!("{} {severity}", thousands(number as u64)));
        }
    }
    let active = |f: &&crate::finding::Finding| f.verification.verdict == Verdict::Active;
    let alive = match outcome.findings.iter().filter(active).count() {
        0 => String::new(),
        number => format!("; {} still active", thousands(number as u64)),
    };
    let secrets = count(outcome.findings.len() as u64, "secret", "secrets");
    let places = count(places as u64, "place", "places");
    format!("{secrets} found in {places}: {}{alive}.", kinds.join(", "))
}

fn scanned(stats: &Stats) -> String {
    let mut text = count(stats.files, "file", "files");
    if stats.members > 0 {
        text += &format!(" and {}", count(stats.members, "archive member", "archive members"));
    }
    format!("{text}, {}", size(stats.bytes))
}

fn left_out(outcome: &Outcome) -> Vec<String> {
    let stats = &outcome.stats;
    let explain = if outcome.rejections.is_empty() { " (--explain lists them)" } else { "" };
    let lines = [
        (
            stats.below_confidence,
            "below the confidence asked for (--confidence low shows them)",
            "",
        ),
        (stats.suppressed, "suppressed by allow comments or allowlists", ""),
        (stats.baselined, "known to a baseline", ""),
        (stats.rejected, "rejected as placeholders or other forms", explain),
    ];
    let lines = lines.iter().filter(|(number, ..)| *number > 0);
    lines.map(|(number, what, hint)| format!("{} {what}{hint}", thousands(*number))).collect()
}

fn unread(outcome: &Outcome) -> String {
    match outcome.warnings.iter().filter(|w| w.incomplete).count() as u64 {
        0 => "no: not everything was read".to_owned(),
        1 => "no: 1 warning says what was not read".to_owned(),
        number => format!("no: {} warnings say what was not read", thousands(number)),
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Decimal units with one digit after the point, rounded down.
fn size(bytes: u64) -> String {
    let units =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        None => count(bytes, "byte", "bytes"),
        Some((unit, name)) => {
            format!("{}.{} {name}", thousands(bytes / unit), bytes % unit * 10 / unit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        let sizes = [0, 1, 999, 1000, 56_349_999, 5_780_000_000];
        let text: Vec<_> = sizes.into_iter().map(size).collect();
        assert_eq!(text, ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "56.3 MB", "5.7 GB"]);
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(123), "123");
        assert!(size(u64::MAX).ends_with(" TB"));
    }
}
