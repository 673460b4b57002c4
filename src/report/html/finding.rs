//! One secret: a line that says the most, and behind it its places, its evidence and what to do.

use std::collections::BTreeSet;
use std::io;

use super::facts::{Facts, State, day, short};
use super::timeline::{Span, strip};
use crate::finding::{Occurrence, Verdict};
use crate::report::gone;
use crate::report::markup::escape;
use crate::report::remedy;

/// Places of one secret that are shown.
const PLACES: usize = 100;

/// The boxes that filter and sort; hidden until the script is there to serve them.
pub(super) fn tools(out: &mut dyn io::Write, facts: &[Facts<'_>]) -> io::Result<()> {
    let set = |of: &dyn Fn(&Facts<'_>) -> Vec<String>| -> BTreeSet<String> {
        facts.iter().flat_map(of).collect()
    };
    let severities = ["critical", "high", "medium", "low"].map(str::to_owned);
    let present = set(&|fact| vec![fact.finding.severity.as_str().to_owned()]);
    let severities = severities.into_iter().filter(|s| present.contains(s)).collect::<Vec<_>>();
    let states = set(&|fact| states(fact).into_iter().map(str::to_owned).collect());
    let providers = set(&|fact| vec![fact.provider.clone()]);
    let authors = set(&|fact| fact.authors.iter().map(|a| (*a).to_owned()).collect());
    writeln!(out, "<form class=\"tools\" id=\"tools\" hidden>")?;
    writeln!(
        out,
        "<label>Search<input id=\"word\" type=\"search\" autocomplete=\"off\" \
         placeholder=\"path, rule, commit\"></label>"
    )?;
    select(out, "severity", "Severity", severities.iter())?;
    select(out, "state", "State", states.iter())?;
    select(out, "provider", "Provider", providers.iter())?;
    select(out, "author", "Author", authors.iter())?;
    writeln!(out, "<label>Order<select id=\"order\">")?;
    for (value, text) in [
        ("", "worst first"),
        ("-day", "newest first"),
        ("day", "oldest first"),
        ("provider", "by provider"),
        ("author", "by author"),
        ("path", "by path"),
    ] {
        writeln!(out, "<option value=\"{value}\">{text}</option>")?;
    }
    writeln!(out, "</select></label>\n</form>")
}

fn select<'a>(
    out: &mut dyn io::Write,
    id: &str,
    label: &str,
    values: impl Iterator<Item = &'a String>,
) -> io::Result<()> {
    writeln!(out, "<label>{label}<select id=\"{id}\"><option value=\"\">all</option>")?;
    for value in values {
        writeln!(out, "<option>{}</option>", escape(value))?;
    }
    writeln!(out, "</select></label>")
}

/// What the state box knows of a finding.
fn states(fact: &Facts<'_>) -> Vec<&'static str> {
    let verdict = match fact.finding.verification.verdict {
        Verdict::Active => Some("still active"),
        Verdict::Inactive => Some("no longer active"),
        Verdict::Unknown | Verdict::NotChecked => None,
    };
    std::iter::once(fact.state.as_str()).chain(verdict).collect()
}

/// The whole of it.
pub(super) fn write(
    out: &mut dyn io::Write,
    number: usize,
    fact: &Facts<'_>,
    span: Span,
) -> io::Result<()> {
    let finding = fact.finding;
    let severity = finding.severity.as_str();
    let first = &finding.occurrences[0];
    let (path, line) = (escape(&first.path), first.start.line);
    writeln!(
        out,
        "<details class=\"finding\" id=\"s{number}\" data-severity=\"{severity}\" \
         data-state=\"{}\" data-provider=\"{}\" data-author=\"{}\" data-day=\"{}\" \
         data-path=\"{path}\">",
        states(fact).join("\n"),
        escape(&fact.provider),
        fact.authors.iter().map(|author| escape(author)).collect::<Vec<_>>().join("\n"),
        escape(fact.day()),
    )?;
    let more = match finding.occurrences.len() {
        1 => String::new(),
        places => format!(" and {} more", places - 1),
    };
    writeln!(
        out,
        "<summary><span class=\"badge {severity}\">{severity}</span><span class=\"what\"><b>{}</b>\
         <span class=\"mono\">{} {path}:{line}{more}</span></span>{}{}<span class=\"when\">{}</span>\
         </summary>",
        escape(&finding.description),
        escape(&fact.secret),
        strip(fact, span),
        state(fact),
        escape(fact.day()),
    )?;
    writeln!(out, "<div class=\"body\">")?;
    known(out, fact)?;
    places(out, fact)?;
    steps(out, fact)?;
    writeln!(out, "</div>\n</details>")
}

fn state(fact: &Facts<'_>) -> String {
    let (class, text) = match fact.finding.verification.verdict {
        Verdict::Active => (" active", format!("active, {}", fact.state.as_str())),
        Verdict::Inactive => (" inactive", format!("inactive, {}", fact.state.as_str())),
        Verdict::Unknown | Verdict::NotChecked => ("", fact.state.as_str().to_owned()),
    };
    format!("<span class=\"state{class}\">{text}</span>")
}

fn known(out: &mut dyn io::Write, fact: &Facts<'_>) -> io::Result<()> {
    let finding = fact.finding;
    let environment = match finding.environment.map(|e| e.as_str()) {
        Some("test") => "sandbox key, ",
        Some(_) => "live key, ",
        None => "",
    };
    let verification = &finding.verification;
    let mut verdict = match verification.verdict {
        Verdict::Active => "still active",
        Verdict::Inactive => "no longer active",
        Verdict::Unknown => "may be active",
        Verdict::NotChecked => "not checked",
    }
    .to_owned();
    if let Some(reason) = &verification.reason {
        verdict += &format!(": {reason}");
    }
    if let Some(time) = &verification.checked_at {
        verdict += &format!(" (asked {time})");
    }
    let issuer = match finding.evidence.is_empty() {
        true => fact.provider.clone(),
        false => format!("{}: {}", fact.provider, finding.evidence.join("; ")),
    };
    writeln!(out, "<dl>")?;
    writeln!(out, "<dt>Secret</dt><dd><code>{}</code></dd>", escape(&fact.secret))?;
    let confidence = finding.confidence.as_str();
    writeln!(out, "<dt>Kind</dt><dd>{environment}confidence {confidence}</dd>")?;
    writeln!(out, "<dt>Issued by</dt><dd>{}</dd>", escape(&issuer))?;
    writeln!(out, "<dt>Still works</dt><dd>{}</dd>", escape(&verdict))?;
    writeln!(out, "<dt>Rule</dt><dd><code>{}</code></dd>", escape(&finding.rule))?;
    let fingerprint = escape(finding.fingerprint.as_str());
    writeln!(out, "<dt>Fingerprint</dt><dd><code>{fingerprint}</code></dd>\n</dl>")
}

fn places(out: &mut dyn io::Write, fact: &Facts<'_>) -> io::Result<()> {
    let all = &fact.finding.occurrences;
    let title = if all.len() == 1 { "Place".to_owned() } else { format!("{} places", all.len()) };
    writeln!(out, "<h3>{title}</h3>\n<ul class=\"places\">")?;
    for place in all.iter().take(PLACES) {
        write_place(out, place)?;
    }
    if all.len() > PLACES {
        let more = all.len() - PLACES;
        writeln!(out, "<li>and {more} more (the JSON report lists all)</li>")?;
    }
    writeln!(out, "</ul>")
}

fn write_place(out: &mut dyn io::Write, place: &Occurrence) -> io::Result<()> {
    let at = format!("{}:{}:{}", place.path, place.start.line, place.start.column);
    let encoding = match place.encoding.as_str() {
        "" | "plain" => String::new(),
        encoding => format!(" in {}", escape(encoding)),
    };
    writeln!(out, "<li><span class=\"mono\">{}</span>{encoding}", escape(&at))?;
    if !place.snippet.trim().is_empty() {
        writeln!(out, "<pre class=\"mono\">{}</pre>", escape(place.snippet.trim()))?;
    }
    if let Some(added) = &place.commit {
        let who = format!("{} <{}>", added.author, added.email);
        writeln!(
            out,
            "<small>added {} by {} in <code>{}</code>: {}</small>",
            escape(day(added)),
            escape(&who),
            escape(short(&added.id)),
            escape(&added.summary)
        )?;
    }
    let held = gone::brief(place);
    let last = place.last_commit.as_ref().map(|last| {
        format!("last held {} by <code>{}</code>", escape(day(last)), escape(short(&last.id)))
    });
    let rest: Vec<String> = held.map(str::to_owned).into_iter().chain(last).collect();
    if !rest.is_empty() {
        writeln!(out, "<small>{}</small>", rest.join(", "))?;
    }
    writeln!(out, "</li>")
}

fn steps(out: &mut dyn io::Write, fact: &Facts<'_>) -> io::Result<()> {
    writeln!(out, "<h3>What to do</h3>\n<ol class=\"steps\">")?;
    if fact.may_work() {
        writeln!(out, "<li>{}<br>{}</li>", escape(remedy::REVOKE), turn_to(fact))?;
    }
    if matches!(fact.state, State::Head | State::Files) {
        writeln!(out, "<li>{}</li>", escape(remedy::REMOVE))?;
    }
    if fact.first.is_some() || fact.state == State::History {
        writeln!(out, "<li>Take it out of the history, as the end of this page says.</li>")?;
    }
    writeln!(out, "</ol>")
}

/// Whom to turn to; a link where a browser opens it.
fn turn_to(fact: &Facts<'_>) -> String {
    let Some(remedy) = &fact.remedy else { return escape(remedy::STRANGER) };
    let (name, steps) = (escape(remedy.name), escape(remedy.steps));
    match (remedy.page(), remedy.url) {
        (Some(page), _) => {
            let page = escape(page);
            format!("{name}: {steps} (<a href=\"{page}\" rel=\"noreferrer\">{page}</a>)")
        }
        (None, Some(other)) => format!("{name}: {steps} ({})", escape(other)),
        (None, None) => format!("{name}: {steps}"),
    }
}
