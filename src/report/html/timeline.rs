//! When each secret appeared, when it left HEAD, and that the history still holds it.
//!
//! Bars are drawn by attributes of SVG: the page's policy forbids styles within elements.

use std::collections::BTreeMap;
use std::io;

use super::facts::{Facts, State};
use crate::moment::Day;
use crate::report::markup::escape;

/// The first and the last moment of a timeline.
pub(super) type Span = Option<(i64, i64)>;

/// Marks below a timeline.
const MARKS: i64 = 5;

/// The moments that all bars share: from the first commit to the last.
pub(super) fn span(facts: &[Facts<'_>]) -> Span {
    let firsts = facts.iter().filter_map(|fact| fact.first.map(|(_, time)| time));
    let lasts = facts.iter().filter_map(|fact| fact.last);
    let first = firsts.clone().min()?;
    let last = firsts.chain(lasts).max()?;
    // A little more than the last commit, so that what HEAD holds has a length.
    let room = (last - first).max(86_400) / 25;
    Some((first, last.max(first + 86_400) + room))
}

/// The section; nothing where no commit is known.
pub(super) fn write(out: &mut dyn io::Write, facts: &[Facts<'_>]) -> io::Result<()> {
    let Some((from, to)) = span(facts) else { return Ok(()) };
    // Known issuers by name, the others behind them.
    type Group<'g> = (bool, String, &'g str);
    let mut groups: BTreeMap<Group<'_>, Vec<(usize, &Facts<'_>)>> = BTreeMap::new();
    for (number, fact) in (1..).zip(facts).filter(|(_, fact)| fact.first.is_some()) {
        let name = fact.provider.as_str();
        let group = (fact.finding.provider.is_none(), name.to_lowercase(), name);
        groups.entry(group).or_default().push((number, fact));
    }
    writeln!(
        out,
        "<section class=\"card timeline-card\">\n<h2>Timeline</h2>\n<p class=\"legend\">"
    )?;
    for (class, text) in
        [("held", "in the repository's files"), ("past", "gone from HEAD, still in the history")]
    {
        writeln!(
            out,
            "<span><svg class=\"strip\" viewBox=\"0 0 22 10\" aria-hidden=\"true\"><rect \
             class=\"{class}\" width=\"22\" height=\"10\" rx=\"2\"/></svg>{text}</span>"
        )?;
    }
    writeln!(out, "</p>\n<div class=\"timeline\">")?;
    for ((_, _, provider), mut rows) in groups {
        rows.sort_by_key(|(number, fact)| (fact.first.map(|(_, time)| time), *number));
        writeln!(out, "<h3>{}</h3>\n<ul>", escape(provider))?;
        for (number, fact) in rows {
            let label = escape(&fact.secret);
            let who = escape(&fact.authors.join(", "));
            writeln!(
                out,
                "<li><a href=\"#s{number}\" title=\"{}\"><span class=\"mono\">{label}</span> \
                 <small>{} {who}</small></a>{}</li>",
                escape(&told(fact)),
                escape(fact.day()),
                strip(fact, Some((from, to)))
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</div>\n<div class=\"axis\"><div></div><div>")?;
    let mut said = String::new();
    for mark in 0..MARKS {
        let time = from + (to - from) * mark / (MARKS - 1);
        let day = Day::of(time.max(0).unsigned_abs()).to_string();
        // Within months days matter, within years they do not.
        let shown = if to - from > 400 * 86_400 { &day[..7] } else { &day[..] };
        writeln!(out, "<span>{}</span>", if shown == said { "" } else { shown })?;
        said = shown.to_owned();
    }
    writeln!(out, "</div></div>\n</section>")
}

/// One bar.
pub(super) fn strip(fact: &Facts<'_>, span: Span) -> String {
    let (Some((_, first)), Some((from, to))) = (fact.first, span) else {
        return "<span class=\"strip\"></span>".to_owned();
    };
    let place = |time: i64| (time.clamp(from, to) - from) * 1000 / (to - from).max(1);
    let start = place(first).min(990);
    let end = fact.last.map_or(1000, |last| place(last).max(start + 8));
    let label = escape(&told(fact));
    let mut svg = format!(
        "<svg class=\"strip\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{label}\"><rect class=\"ground\" width=\"1000\" height=\"12\"/><rect \
         class=\"held\" x=\"{start}\" width=\"{}\" height=\"12\"/>",
        end - start
    );
    if end < 1000 {
        svg += &format!(
            "<rect class=\"past\" x=\"{end}\" y=\"4\" width=\"{}\" height=\"4\"/>",
            1000 - end
        );
    }
    svg + "</svg>"
}

/// The bar in words.
fn told(fact: &Facts<'_>) -> String {
    let begun = format!("appeared {}", fact.day());
    match (fact.state, fact.last) {
        (State::History, Some(last)) => {
            let day = Day::of(last.max(0).unsigned_abs());
            format!("{begun}, last held {day}, still in the history")
        }
        (State::History, None) => format!("{begun}, still in the history"),
        (State::Head | State::Files | State::Unreachable, _) => {
            format!("{begun}, {}", fact.state.as_str())
        }
    }
}
