//! The line of a match for a report, with every secret in it masked.

use crate::attribution::Surroundings;
use crate::decode::Layer;
use crate::matcher::Match;
use crate::span::Span;

use super::view::View;

/// Bytes that are shown on each side of a match.
const REACH: usize = 72;

/// Matches that begin farther before what is shown do not reach into it.
pub(super) const FAR: usize = 16 << 10;

/// The text around `found`, on its line.
pub(super) fn around(found: &Match, content: Surroundings<'_>, view: Option<&View>) -> String {
    // UTF-16 is shown decoded; other encodings as they stand in the file.
    let wide = view.filter(|_| found.layers == [Layer::Wide]);
    match wide {
        Some(view) => {
            let near = |m: &&Span| m.start < found.span.end + 4 * REACH;
            let from = found.span.start.saturating_sub(4 * REACH + FAR);
            let first = content.matches.partition_point(|m| m.start < from);
            let others: Vec<Span> = content.matches[first..]
                .iter()
                .take_while(near)
                .map(|m| view.decoded(*m))
                .collect();
            masked(view.bytes(), view.span, &others, found, view.surroundings())
        }
        None => masked(content.bytes, found.span, content.matches, found, content),
    }
}

fn masked(
    bytes: &[u8],
    at: Span,
    others: &[Span],
    found: &Match,
    around: Surroundings<'_>,
) -> String {
    let line = around.lines.span_of(around.lines.line_of(at.start));
    let from = line.start.max(at.start.saturating_sub(REACH));
    let to = line.end.max(at.end).min(at.end + REACH);
    let mut text = String::new();
    if from > line.start {
        text.push_str("...");
    }
    let mut shown = from;
    // A short match may lie within a long one, so that the ends are in no order.
    let first = others.partition_point(|m| m.start < from.saturating_sub(FAR));
    let mut spans: Vec<Span> = others[first.min(others.len())..]
        .iter()
        .take_while(|m| m.start < to)
        .copied()
        .filter(|m| *m != at && m.end > from)
        .collect();
    spans.push(at);
    spans.sort_unstable();
    for span in spans {
        if span.start > shown {
            push(&mut text, &bytes[shown..span.start.min(to)]);
        }
        let plain = span == at && (found.layers.is_empty() || found.layers == [Layer::Wide]);
        if span == at || span.end > shown {
            text.push_str(if plain { "\u{0}" } else { "****" });
        }
        shown = shown.max(span.end);
    }
    if shown < to {
        push(&mut text, &bytes[shown..to]);
    }
    if to < line.end {
        text.push_str("...");
    }
    text.replace('\u{0}', &found.secret.redacted()).trim_end().to_owned()
}

/// Adds bytes as text; what is cut or invalid at the edges is dropped.
fn push(text: &mut String, bytes: &[u8]) {
    let clean = String::from_utf8_lossy(bytes);
    text.extend(clean.chars().filter(|c| *c != '\u{0}' && *c != '\u{fffd}'));
}
