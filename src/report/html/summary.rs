//! What stands above and below the secrets: totals, shares, what was not read, the way out.

use std::collections::BTreeMap;
use std::io;

use super::facts::{Facts, State};
use crate::finding::{Outcome, Verdict};
use crate::report::markup::escape;
use crate::report::remedy;
use crate::report::replacements::untouched;

/// Bars of a share; the rest stand together.
const BARS: usize = 8;

/// The first sentence.
pub(super) fn lede(outcome: &Outcome) -> String {
    let places: usize = outcome.findings.iter().map(|f| f.occurrences.len()).sum();
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    match (outcome.findings.len(), outcome.complete) {
        (0, true) => "No secrets found.".to_owned(),
        (0, false) => "No secrets found in what could be read.".to_owned(),
        (secrets, _) => {
            format!("{} found in {}.", count(secrets, "secret"), count(places, "place"))
        }
    }
}

/// The numbers that matter first.
pub(super) fn totals(out: &mut dyn io::Write, facts: &[Facts<'_>]) -> io::Result<()> {
    let number = |test: &dyn Fn(&Facts<'_>) -> bool| facts.iter().filter(|f| test(f)).count();
    let severity = |name: &'static str| move |f: &Facts<'_>| f.finding.severity.as_str() == name;
    let verdict =
        |verdict: Verdict| move |fact: &Facts<'_>| fact.finding.verification.verdict == verdict;
    let rows: [(usize, &str, &str); 9] = [
        (number(&severity("critical")), "critical", "critical"),
        (number(&severity("high")), "high", "high"),
        (number(&severity("medium")), "medium", "medium"),
        (number(&severity("low")), "low", "low"),
        (number(&|f| f.state == State::Head), "", "in HEAD"),
        (number(&|f| f.state == State::History), "", "in the history only"),
        (number(&|f| f.state == State::Unreachable), "", "in unreachable objects only"),
        (number(&verdict(Verdict::Active)), "critical", "still active"),
        (number(&verdict(Verdict::Inactive)), "", "no longer active"),
    ];
    writeln!(out, "<ul class=\"totals\">")?;
    for (number, class, label) in rows.iter().filter(|(number, ..)| *number > 0) {
        writeln!(out, "<li><b class=\"{class}\">{number}</b><span>{label}</span></li>")?;
    }
    writeln!(out, "</ul>")
}

/// Who issued the secrets, and who introduced them.
pub(super) fn shares(out: &mut dyn io::Write, facts: &[Facts<'_>]) -> io::Result<()> {
    let providers = counted(facts.iter().map(|fact| fact.provider.as_str()));
    let authors = counted(facts.iter().flat_map(|fact| fact.authors.iter().copied()));
    let pair = !authors.is_empty();
    if pair {
        writeln!(out, "<div class=\"pair\">")?;
    }
    share(out, "By provider", &providers)?;
    if pair {
        share(out, "By author", &authors)?;
        writeln!(out, "</div>")?;
    }
    Ok(())
}

/// How often each name is there, the most frequent first.
fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    counts
}

fn share(out: &mut dyn io::Write, title: &str, counts: &[(&str, usize)]) -> io::Result<()> {
    let most = counts.first().map_or(1, |(_, count)| *count).max(1);
    writeln!(out, "<section class=\"card\">\n<h2>{title}</h2>\n<table class=\"bars\">")?;
    for (name, count) in counts.iter().take(BARS) {
        let name = escape(name);
        let width = count * 1000 / most;
        writeln!(
            out,
            "<tr><td>{name}</td><td><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"ground\" width=\"1000\" height=\"10\"/><rect \
             class=\"fill\" width=\"{width}\" height=\"10\"/></svg></td><td>{count}</td></tr>"
        )?;
    }
    if counts.len() > BARS {
        let rest: usize = counts[BARS..].iter().map(|(_, count)| count).sum();
        let others = counts.len() - BARS;
        writeln!(out, "<tr><td>{others} others</td><td></td><td>{rest}</td></tr>")?;
    }
    writeln!(out, "</table>\n</section>")
}

/// What could not be read, where a reader cannot miss it, and the other remarks.
pub(super) fn unread(out: &mut dyn io::Write, outcome: &Outcome) -> io::Result<()> {
    let (bad, other): (Vec<_>, Vec<_>) = outcome.warnings.iter().partition(|w| w.incomplete);
    let groups = [
        ("Not everything could be read", "card alarm", bad, !outcome.complete),
        ("Remarks", "card", other, false),
    ];
    for (title, class, warnings, always) in groups {
        if warnings.is_empty() && !always {
            continue;
        }
        writeln!(out, "<section class=\"{class}\">\n<h2>{title}</h2>\n<ul>")?;
        for warning in warnings {
            match &warning.path {
                Some(path) => {
                    let (path, message) = (escape(path), escape(&warning.message));
                    writeln!(out, "<li><code>{path}</code> {message}</li>")?;
                }
                None => writeln!(out, "<li>{}</li>", escape(&warning.message))?,
            }
        }
        writeln!(out, "</ul>\n</section>")?;
    }
    Ok(())
}

/// How secrets are got out of a history; nothing where no history holds any.
pub(super) fn way_out(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    facts: &[Facts<'_>],
) -> io::Result<()> {
    if facts.iter().all(|fact| fact.first.is_none() && fact.state != State::History) {
        return Ok(());
    }
    writeln!(out, "<section class=\"card\">\n<h2>Getting rid of it</h2>\n<ol class=\"steps\">")?;
    for step in remedy::HISTORY {
        writeln!(out, "<li>{}", escape(step.text))?;
        if let Some(command) = step.command {
            let lines: Vec<String> = command.lines().map(escape).collect();
            writeln!(out, "<code class=\"block\">{}</code>", lines.join("\n"))?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ol>")?;
    let left: Vec<String> = untouched(outcome).into_iter().map(escape).collect();
    if !left.is_empty() {
        let files = left.join("\n");
        writeln!(out, "<p>{}<code class=\"block\">{files}</code></p>", escape(remedy::BINARY))?;
    }
    writeln!(out, "</section>")
}

/// What was scanned and what was left out.
pub(super) fn foot(out: &mut dyn io::Write, outcome: &Outcome) -> io::Result<()> {
    let stats = &outcome.stats;
    let mut left = Vec::new();
    for (number, what) in [
        (stats.suppressed, "suppressed by allow comments or allowlists"),
        (stats.baselined, "known to a baseline"),
        (stats.below_confidence, "below the confidence asked for"),
        (stats.rejected, "rejected as placeholders or other forms"),
        (stats.skipped, "files skipped"),
    ] {
        if number > 0 {
            left.push(format!("{number} {what}"));
        }
    }
    let left =
        if left.is_empty() { String::new() } else { format!(" Left out: {}.", left.join("; ")) };
    let complete =
        if outcome.complete { "Everything was read." } else { "Not everything was read." };
    writeln!(
        out,
        "<footer><p>Scanned {} files and {} archive members, {} bytes. {complete}{left}</p><p>keytrawl \
         {}. Secrets are masked unless the one who made this report asked for them.</p></footer>",
        stats.files,
        stats.members,
        stats.bytes,
        env!("CARGO_PKG_VERSION")
    )
}
