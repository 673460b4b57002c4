//! The report as Markdown: the summary of a job on GitHub, or a comment.
//!
//! A table with a row for each secret in each place, what to do about them, and the entry to paste for
//! those that are none. It stays below the megabyte that GitHub takes, and says what it left out.
//! Everything from scanned content is text: no Markdown, no HTML, no link.

use std::fmt::Write as _;
use std::io;

use super::Options;
use super::gone::Gone;
use super::remedy::{REMOVE, REVOKE, Remedy};
use super::sanitize::{visible, visible_bytes};
use super::uri;
use crate::finding::{Finding, Occurrence, Outcome, Verdict};
use crate::rule::{Environment, RuleSet};

/// GitHub refuses a summary of more than 1 MiB; this leaves room for what comes after the table.
const MOST: usize = 900_000;
/// Warnings that are shown.
const WARNINGS: usize = 20;
/// Fingerprints in the entry to paste.
const ENTRIES: usize = 50;
/// Characters of a text that are shown.
const LONGEST: usize = 300;
const SHORT_ID: usize = 12;

/// Where files and commits can be looked at in a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forge {
    /// The page of the repository, such as `https://github.com/owner/name`.
    pub url: String,
    /// The commit whose files are meant where an occurrence names none.
    pub commit: Option<String>,
}

/// Writes the report without links.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
) -> io::Result<()> {
    write_linked(out, outcome, rules, options, None)
}

/// Writes the report with links to files and commits.
///
/// # Errors
/// Those of `out`.
pub fn write_linked(
    out: &mut dyn io::Write,
    outcome: &Outcome,
    rules: &RuleSet,
    options: &Options,
    forge: Option<&Forge>,
) -> io::Result<()> {
    let page = Page { outcome, rules, options, forge };
    out.write_all(page.text().as_bytes())
}

struct Page<'a> {
    outcome: &'a Outcome,
    rules: &'a RuleSet,
    options: &'a Options,
    forge: Option<&'a Forge>,
}

impl Page<'_> {
    fn text(&self) -> String {
        let mut text = format!("### keytrawl: {}\n\n", self.title());
        if !self.outcome.findings.is_empty() {
            self.table(&mut text);
            self.advice(&mut text);
        }
        self.warnings(&mut text);
        self.counts(&mut text);
        text
    }

    fn title(&self) -> String {
        let Outcome { findings, complete, .. } = self.outcome;
        let active = findings.iter().filter(|f| f.verification.verdict == Verdict::Active).count();
        match findings.len() {
            0 if *complete => "no secrets found".to_owned(),
            0 => "no secrets found in what could be read".to_owned(),
            number => {
                let noun = if number == 1 { "secret" } else { "secrets" };
                let alive =
                    if active > 0 { format!(", {active} still active") } else { String::new() };
                format!("{number} {noun} found{alive}")
            }
        }
    }

    fn table(&self, text: &mut String) {
        text.push_str(
            "| Severity | Rule | Place | Commit | Secret | Verdict | What to do | Ignore entry |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        let all = self.outcome.findings.iter();
        let rows = all.flat_map(|f| f.occurrences.iter().map(move |place| (f, place)));
        let total = rows.clone().count();
        for (number, (finding, place)) in rows.enumerate() {
            let row = self.row(finding, place);
            if text.len() + row.len() > MOST {
                let left = total - number;
                let _ = write!(
                    text,
                    "\n**{left} more places are not shown here: the summary would be too large.** \
                     The log and the JSON report have all of them.\n"
                );
                return;
            }
            text.push_str(&row);
        }
    }

    fn row(&self, finding: &Finding, place: &Occurrence) -> String {
        let cells = [
            finding.severity.as_str().to_owned(),
            format!("{}<br>{}", code(&finding.rule), escaped(&finding.description)),
            self.place(place),
            self.commit(place),
            self.secret(finding),
            verdict(finding),
            self.remedy(finding),
            code(finding.fingerprint_at(place).as_str()),
        ];
        format!("| {} |\n", cells.join(" | "))
    }

    fn place(&self, place: &Occurrence) -> String {
        let line = place.start.line;
        let shown = code(&format!("{}:{line}", place.path));
        let encoding = match place.encoding.as_str() {
            "" | "plain" => String::new(),
            encoding => format!(" in {}", escaped(encoding)),
        };
        let commit = place.commit.as_ref().map(|commit| commit.id.as_str());
        let commit = commit.or_else(|| self.forge.and_then(|forge| forge.commit.as_deref()));
        let file = place.is_in_file();
        let link = self.forge.zip(commit).filter(|(_, id)| file && is_id(id));
        let link = link.map(|(forge, id)| {
            let lines = if place.inner > 0 { String::new() } else { format!("#L{line}") };
            let path = uri::relative(place.stable_file()).replace('(', "%28").replace(')', "%29");
            format!("[{shown}]({}/blob/{id}/{path}{lines})", forge.url)
        });
        format!("{}{encoding}", link.unwrap_or(shown))
    }

    fn commit(&self, place: &Occurrence) -> String {
        let Some(commit) = &place.commit else {
            return Gone::of(place).map(|gone| escaped(&gone.told())).unwrap_or_default();
        };
        let short = code(commit.id.get(..SHORT_ID).unwrap_or(&commit.id));
        let day = escaped(commit.date.get(..10).unwrap_or(&commit.date));
        let shown = match self.forge.filter(|_| is_id(&commit.id)) {
            Some(forge) => format!("[{short}]({}/commit/{})", forge.url, commit.id),
            None => short,
        };
        let gone = if place.in_head == Some(false) { ", not in HEAD" } else { "" };
        format!("{shown} {day}, {}{gone}", escaped(&commit.author))
    }

    fn secret(&self, finding: &Finding) -> String {
        match self.options.show_secrets {
            true => code(&visible_bytes(finding.secret.expose())),
            false => code(&finding.secret.redacted()),
        }
    }

    fn remedy(&self, finding: &Finding) -> String {
        let Some(remedy) = Remedy::of_finding(finding, self.rules) else {
            return "Nothing proves who issued it: see which service the code opens, and revoke it \
                    there"
                .to_owned();
        };
        let name = match remedy.page() {
            Some(page) => format!("[{}]({})", escaped(remedy.name), link(page)),
            None => escaped(remedy.name),
        };
        let address = remedy.url.filter(|_| remedy.page().is_none());
        let address = address.map(|url| format!(" ({})", escaped(url))).unwrap_or_default();
        format!("{name}{address}: {}", escaped(remedy.steps))
    }

    fn advice(&self, text: &mut String) {
        let _ = write!(text, "\n**What to do:** {REVOKE} {REMOVE}\n\n");
        let mut entries = Vec::new();
        for finding in &self.outcome.findings {
            for place in &finding.occurrences {
                let entry = finding.fingerprint_at(place);
                if entries.len() < ENTRIES {
                    entries.push(format!("    {},", toml_string(&visible(entry.as_str()))));
                }
            }
        }
        entries.dedup();
        if !entries.is_empty() {
            let _ = write!(
                text,
                "<details><summary>None of them is a secret?</summary>\n\n\
                 For `keytrawl.toml` of the default branch, with the reason:\n\n\
                 ```toml\n[[allowlists]]\nreason = \"\"\nfingerprints = [\n{}\n]\n```\n\n</details>\n\n",
                entries.join("\n")
            );
        }
    }

    fn warnings(&self, text: &mut String) {
        let all = &self.outcome.warnings;
        for warning in all.iter().take(WARNINGS) {
            let lead = if warning.incomplete { "**Not read:** " } else { "Note: " };
            let path = warning.path.as_deref().map(|p| format!("{} ", code(p))).unwrap_or_default();
            let _ = writeln!(text, "- {lead}{path}{}", escaped(&warning.message));
        }
        if all.len() > WARNINGS {
            let _ = writeln!(text, "- and {} more", all.len() - WARNINGS);
        }
        if !all.is_empty() {
            text.push('\n');
        }
    }

    fn counts(&self, text: &mut String) {
        let stats = &self.outcome.stats;
        let noun = if stats.files == 1 { "file" } else { "files" };
        let complete = if self.outcome.complete { "yes" } else { "**no**" };
        let _ = write!(text, "Scanned {} {noun}, {} bytes", stats.files, stats.bytes);
        let left = [
            (stats.suppressed, "suppressed"),
            (stats.rejected, "rejected"),
            (stats.below_confidence, "below the confidence asked for"),
        ];
        for (number, what) in left.into_iter().filter(|(number, _)| *number > 0) {
            let _ = write!(text, ", {number} {what}");
        }
        let _ = writeln!(text, ". Complete: {complete}.");
    }
}

fn verdict(finding: &Finding) -> String {
    let kind = match finding.environment {
        Some(Environment::Live) => "live key",
        Some(Environment::Test) => "sandbox key",
        None => "",
    };
    let verdict = match finding.verification.verdict {
        Verdict::Active => "**still active**",
        Verdict::Inactive => "no longer active",
        Verdict::Unknown => "may be active",
        Verdict::NotChecked => "not checked",
    };
    if kind.is_empty() { verdict.to_owned() } else { format!("{kind}, {verdict}") }
}

/// Whether a text is an object id, which a link may hold as it is.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The target of a link, from a rule file.
fn link(url: &str) -> String {
    let encode = |c: char| match c {
        '(' => "%28".to_owned(),
        ')' => "%29".to_owned(),
        '<' => "%3C".to_owned(),
        '>' => "%3E".to_owned(),
        '|' => "%7C".to_owned(),
        c if c.is_whitespace() => "%20".to_owned(),
        c => c.to_string(),
    };
    visible(url).chars().map(encode).collect()
}

fn code(text: &str) -> String {
    let shown = visible(text);
    // A code span means its text, but for what ends it or the cell.
    let plain = !shown.contains(['`', '|']) && shown.trim() == shown && !shown.is_empty();
    if plain && shown.chars().count() <= LONGEST {
        return format!("`{shown}`");
    }
    format!("<code>{}</code>", escaped(text))
}

/// `text` so that it means itself in a cell, cut where it is very long.
fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut all = text.chars().peekable();
    let mut count = 0;
    while let Some(c) = all.next() {
        count += 1;
        if count > LONGEST {
            out.push_str("...");
            break;
        }
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let harmless = c.is_alphanumeric()
            || " -/,;()".contains(c)
            || !c.is_ascii()
            || (c == ':' && all.peek() != Some(&'/'))
            // Within a word these two mean nothing.
            || (matches!(c, '_' | '.') && word(before) && word(all.peek().copied()));
        if harmless {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", u32::from(c));
        }
        before = Some(c);
    }
    out
}

/// A string of TOML on one line, in which nothing ends a block of code. In single quotes it holds
/// everything but those.
fn toml_string(text: &str) -> String {
    if text.contains(['\'', '`']) {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\u0060");
        return format!("\"{text}\"");
    }
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;
    use crate::report::sample::{self, render};

    #[test]
    fn the_whole_report() {
        let mut outcome = sample::outcome();
        outcome.findings[1].occurrences.truncate(2);
        let forge = Forge {
            url: "https://forge.example/owner/name".to_owned(),
            commit: Some("ab".repeat(20)),
        };
        let mut out = Vec::new();
        let options = Options::default();
        write_linked(&mut out, &outcome, &sample::rules(), &options, Some(&forge)).expect("memory");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }

    #[test]
    fn names_are_text_whatever_they_spell() {
        let name = "a|b`c`<img src=x onerror=y>[t](javascript:z)*e* __s__ &amp; ~~d~~ ```";
        let outcome = sample::hostile(name);
        let text = render(Format::Markdown, &outcome, &sample::rules(), &Options::default());
        // In a block of code, text is text.
        let (before, rest) = text.split_once("```toml\n").expect("a block");
        let (block, after) = rest.split_once("\n```\n").expect("its end");
        assert!(block.contains(r"\u0060c\u0060") && !block.contains('`'), "{block}");
        let text = format!("{before}{after}");
        for odd in ["<img", "](javascript", "*e*", "__s__", "&amp;", "~~", "`c`"] {
            assert!(!text.contains(odd), "{odd} in {text}");
        }
        let rows = text.lines().filter(|line| line.starts_with("| "));
        assert!(rows.clone().count() > 3);
        for row in rows {
            assert_eq!(row.matches(" | ").count(), 7, "{row}");
        }
    }

    #[test]
    fn it_stays_below_the_limit_and_says_what_it_left_out() {
        let mut outcome = sample::outcome();
        let place = outcome.findings[0].occurrences[0].clone();
        outcome.findings[0].occurrences = (0..9_000)
            .map(|number| {
                let path = format!("{}{number}", "long/".repeat(40));
                crate::finding::Occurrence {
                    path: path.clone(),
                    stable_path: path,
                    ..place.clone()
                }
            })
            .collect();
        let text = render(Format::Markdown, &outcome, &sample::rules(), &Options::default());
        assert!(text.len() < 1 << 20, "{}", text.len());
        assert!(text.contains("more places are not shown here"));
        assert!(text.trim_end().ends_with("Complete: **no**."), "the end is there");
    }
}
