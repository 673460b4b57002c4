//! Who issued a key: named only where the content proves it, with the proof.
//!
//! Whether text is a secret does not depend on this. The nearest evidence counts: on the line of the
//! key before other lines, and a setting's name that stands on the line of another key is that
//! key's evidence and nobody else's.

mod doubt;

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::boundary;
use crate::rule::{Evidence, EvidenceKind, Rule, RuleSet};
use crate::span::{LineTable, Span};

/// Pieces of evidence to each side of a key that are weighed; the nearest count.
const MOST: usize = 256;
/// Bytes that count as a line where lines are long.
const LINE: usize = 100;

/// A text in the content that proves a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it stands.
    pub span: Span,
    /// The provider, by its number in the rule set.
    pub provider: usize,
    kind: EvidenceKind,
}

/// Who issued a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// The provider's id; none: not proved.
    pub provider: Option<String>,
    /// What proves it, for people.
    pub evidence: Vec<String>,
    /// Other providers that issue such keys and that the content speaks for nearly as well. Without a
    /// provider, those that the content speaks for and that are not named: the key has not their form,
    /// or they never are.
    pub rivals: Vec<String>,
    /// Whether the evidence for the provider, or for the rivals alone, stands on the line of the key.
    pub on_line: bool,
    /// Lines between the key and the evidence, so many bytes of a long line counting as one; none:
    /// the form of the key proves the provider, or nothing does.
    pub distance: Option<usize>,
    /// Why the evidence is not enough to send the key to the provider.
    pub doubt: Option<&'static str>,
}

impl Attribution {
    /// Of what the surroundings of a key tell, the nearest first: the first that names a provider, with
    /// all that nearer ones say against it.
    pub fn first_named(all: impl Iterator<Item = Attribution>) -> Self {
        let mut first = Attribution::default();
        for told in all {
            if let Some(provider) = &told.provider {
                let against = first.rivals.into_iter().filter(|id| id != provider);
                let mut rivals: Vec<String> = told.rivals.into_iter().chain(against).collect();
                rivals.sort();
                rivals.dedup();
                return Attribution { rivals, ..told };
            }
            if first.rivals.is_empty() {
                first = told;
            }
        }
        first
    }
}

/// The surroundings in which evidence is weighed: a text, its lines, what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The text.
    pub bytes: &'a [u8],
    /// Its lines.
    pub lines: &'a LineTable<'a>,
    /// The evidence in it, in the order of the text.
    pub hits: &'a [Hit],
    /// The evidence that is not tied to the key on its line, see [`untied`], or all.
    pub untied: &'a [Hit],
    /// Where matches stand in it, in the order of the text.
    pub matches: &'a [Span],
}

/// Finds evidence and weighs it. Shared by all threads.
#[derive(Debug)]
pub struct Attributor<'r> {
    rules: &'r RuleSet,
    texts: OnceLock<Option<AhoCorasick>>,
}

impl<'r> Attributor<'r> {
    /// An attributor for the providers of `rules`.
    pub fn new(rules: &'r RuleSet) -> Self {
        Self { rules, texts: OnceLock::new() }
    }

    fn evidence(&self) -> impl Iterator<Item = (usize, &'r Evidence)> {
        self.rules
            .providers
            .iter()
            .enumerate()
            .filter(|(_, p)| p.has_evidence)
            .flat_map(|(i, p)| p.evidence.iter().map(move |e| (i, e)))
    }

    /// All evidence in `bytes`, in the order of the text.
    pub fn hits(&self, bytes: &[u8]) -> Vec<Hit> {
        let automaton = self.texts.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(self.evidence().map(|(_, e)| e.text.as_bytes()))
                .ok()
        });
        let Some(automaton) = automaton else { return Vec::new() };
        let all: Vec<_> = self.evidence().collect();
        let mut hits = Vec::new();
        for found in automaton.find_overlapping_iter(bytes) {
            let (provider, evidence) = all[found.pattern().as_usize()];
            let span = Span::new(found.start(), found.end());
            if stands_free(bytes, span, evidence) {
                hits.push(Hit { span, provider, kind: evidence.kind });
            }
        }
        hits.sort_by_key(|h| (h.span, h.provider));
        hits
    }

    /// Whether evidence for provider `id` stands anywhere in the surroundings.
    pub fn speaks_for(&self, id: &str, hits: &[Hit]) -> bool {
        hits.iter().any(|h| self.rules.providers[h.provider].id == id)
    }

    /// Weighs the evidence for a key at `at` in `around`. `body` is the key without its prefix.
    pub fn attribute(
        &self,
        rule: &Rule,
        body: &[u8],
        at: Span,
        around: Surroundings<'_>,
    ) -> Attribution {
        if around.hits.is_empty() && around.untied.is_empty() {
            return Attribution::default();
        }
        let may_issue = |provider: usize| {
            let id = &self.rules.providers[provider].id;
            rule.issuers
                .iter()
                .any(|i| i.provider == *id && i.body.as_ref().is_none_or(|b| b.is_match(body)))
        };
        let own = at_line(around, at);
        let mut best: Option<(Rank, &Hit)> = None;
        let mut others: Vec<(Rank, usize)> = Vec::new();
        let listed = |provider: usize| {
            rule.issuers.iter().any(|i| i.provider == self.rules.providers[provider].id)
        };
        let nearby = near(on_line(around, own), at).chain(near(around.untied, at));
        for hit in nearby.filter(|h| listed(h.provider)) {
            if at.contains(hit.span) {
                continue;
            }
            let Some(rank) = rank(around, own, at, hit) else { continue };
            // Forms drift: a rival need not issue this body to cast doubt.
            others.push((rank, hit.provider));
            if may_issue(hit.provider) && best.as_ref().is_none_or(|(top, _)| rank < *top) {
                best = Some((rank, hit));
            }
        }
        let rival = |provider: usize| {
            let id = &self.rules.providers[provider].id;
            rule.issuers.iter().any(|i| i.rival && i.provider == *id)
        };
        let Some((rank, hit)) = best.filter(|(_, hit)| !rival(hit.provider)) else {
            return self.unnamed(&others, at, around);
        };
        others.retain(|(_, other)| *other != hit.provider);
        Attribution {
            provider: Some(self.rules.providers[hit.provider].id.to_string()),
            evidence: vec![describe(around, hit, own)],
            rivals: self.rivals(&others, rank),
            on_line: rank.lines == 0,
            distance: Some(rank.distance()),
            doubt: if rank.lines > 0 { doubt::against(around, at, hit.provider) } else { None },
        }
    }

    /// What is known where the content speaks only for providers that cannot be named: nobody issued
    /// the key as far as this place tells, and in another place they speak against whoever is named.
    fn unnamed(&self, others: &[(Rank, usize)], at: Span, around: Surroundings<'_>) -> Attribution {
        let Some((rank, provider)) = others.iter().min() else { return Attribution::default() };
        Attribution {
            rivals: self.rivals(others, *rank),
            on_line: rank.lines == 0,
            distance: Some(rank.distance()),
            doubt: if rank.lines > 0 { doubt::against(around, at, *provider) } else { None },
            ..Attribution::default()
        }
    }

    /// The ids of `others` that count beside evidence of `rank`: what stands on the key's own line
    /// outweighs all that does not.
    fn rivals(&self, others: &[(Rank, usize)], rank: Rank) -> Vec<String> {
        let counts = |other: &&(Rank, usize)| other.0.lines == 0 || rank.lines > 0;
        let id = |other: &(Rank, usize)| self.rules.providers[other.1].id.to_string();
        let mut rivals: Vec<String> = others.iter().filter(counts).map(id).collect();
        rivals.sort();
        rivals.dedup();
        rivals
    }
}

/// How near evidence is; the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    lines: usize,
    after: bool,
    bytes: usize,
}

impl Rank {
    /// Lines between, so many bytes of a long line counting as one.
    fn distance(self) -> usize {
        self.lines.max(self.bytes / LINE)
    }
}

/// The evidence that speaks for more keys than the one on its line: hosts, and all that stands on a
/// line without a key. In a file of many keys it is little, so that each key need not look at all.
pub fn untied(hits: &[Hit], lines: &LineTable<'_>, matches: &[Span]) -> Vec<Hit> {
    let bytes: &[u8] = &[];
    let around = Surroundings { bytes, lines, hits, untied: hits, matches };
    let is_untied = |hit: &&Hit| {
        hit.kind == EvidenceKind::Host || !line_has_match(around, lines.line_of(hit.span.start))
    };
    hits.iter().filter(is_untied).cloned().collect()
}

/// The evidence on a line.
fn on_line(around: Surroundings<'_>, line: usize) -> &[Hit] {
    let span = around.lines.span_of(line);
    let first = around.hits.partition_point(|h| h.span.start < span.start);
    let end = around.hits.partition_point(|h| h.span.start < span.end);
    &around.hits[first..end.max(first)]
}

/// The evidence to both sides of a key, as much of it as is weighed.
fn near(hits: &[Hit], at: Span) -> impl Iterator<Item = &Hit> {
    let middle = hits.partition_point(|h| h.span.start < at.start);
    let from = middle.saturating_sub(MOST);
    hits[from..].iter().take(middle - from + MOST)
}

/// None for evidence that belongs to another key.
fn rank(around: Surroundings<'_>, own: usize, at: Span, hit: &Hit) -> Option<Rank> {
    let line = around.lines.line_of(hit.span.start);
    if line != own && hit.kind != EvidenceKind::Host && line_has_match(around, line) {
        return None;
    }
    let after = hit.span.start >= at.end;
    let bytes = if after { hit.span.start - at.end } else { at.start.saturating_sub(hit.span.end) };
    Some(Rank { lines: line.abs_diff(own), after, bytes })
}

fn at_line(around: Surroundings<'_>, at: Span) -> usize {
    around.lines.line_of(at.start)
}

fn line_has_match(around: Surroundings<'_>, line: usize) -> bool {
    let span = around.lines.span_of(line);
    let first = around.matches.partition_point(|m| m.end <= span.start);
    around.matches.get(first).is_some_and(|m| m.start < span.end)
}

/// The whole word of a hit, for the report: as much of it as can be no part of a secret, such as what
/// stands before the host in `https://TOKEN@host`.
fn describe(around: Surroundings<'_>, hit: &Hit, own: usize) -> String {
    let is_host = hit.kind == EvidenceKind::Host;
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' && is_host;
    let is_joint = |b: &u8| if is_host { *b == b'.' } else { *b == b'_' };
    let before = around.bytes[..hit.span.start].iter().rev().take(WORD);
    let behind = around.bytes[hit.span.end..].iter().take(if is_host { 0 } else { WORD });
    let left = shown(before, is_part, is_joint);
    let left = left - escape(around.bytes, hit.span.start - left, left);
    let right = shown(behind, is_part, is_joint);
    let word = &around.bytes[hit.span.start - left..hit.span.end + right];
    let word = String::from_utf8_lossy(word);
    let line = around.lines.line_of(hit.span.start);
    let place =
        if line == own { "on the same line".to_owned() } else { format!("on line {}", line + 1) };
    format!("{} `{word}` {place}", hit.kind.as_str())
}

/// How many of the first bytes of a word are the end of an escape before it: one of `\nname`, two of
/// `%20name`.
fn escape(bytes: &[u8], start: usize, most: usize) -> usize {
    let lead = start.checked_sub(1).and_then(|before| bytes.get(before));
    if !lead.is_some_and(|lead| b"\\%=`[".contains(lead)) {
        return 0;
    }
    let ends = |length: &usize| boundary::is_behind_escape(bytes, start + length);
    (1..=most.min(LONGEST_ESCAPE)).rev().find(ends).unwrap_or(0)
}

/// Letters and digits that an escape ends with, at most: those of `\u0022`.
const LONGEST_ESCAPE: usize = 5;

/// How many bytes next to a hit are shown: parts of its word that are as short as those of names are.
fn shown<'b>(
    bytes: impl Iterator<Item = &'b u8>,
    is_part: impl Fn(&u8) -> bool,
    is_joint: impl Fn(&u8) -> bool,
) -> usize {
    let (mut whole, mut part) = (0, 0);
    for byte in bytes {
        if is_joint(byte) {
            whole += part + 1;
            part = 0;
        } else if is_part(byte) && part < PART {
            part += 1;
        } else {
            // A part that goes on is no name.
            return if is_part(byte) { whole } else { whole + part };
        }
    }
    whole + part
}

/// Bytes of a word that are looked at.
const WORD: usize = 40;
/// Bytes that a part of a name has at the most.
const PART: usize = 15;

fn stands_free(bytes: &[u8], span: Span, evidence: &Evidence) -> bool {
    let before = span.start.checked_sub(1).map(|i| bytes[i]);
    let after = bytes.get(span.end).copied();
    let second = bytes.get(span.end + 1).copied();
    let alnum = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    // A letter or digit that ends an escape is no part of the word.
    let glued = alnum(before) && !boundary::is_detached(bytes, span.start);
    match evidence.kind {
        EvidenceKind::Text => true,
        EvidenceKind::Env => {
            let ends = evidence.text.ends_with('_') || !(alnum(after) || after == Some(b'_'));
            !glued && ends
        }
        EvidenceKind::Host => {
            let longer = match after {
                Some(b'-') => true,
                Some(b'.') => alnum(second),
                _ => alnum(after),
            };
            !glued && before != Some(b'-') && !longer
        }
        EvidenceKind::Word => {
            let first = bytes[span.start];
            let last = bytes[span.end - 1];
            let hump = |a: u8, b: u8| !a.is_ascii_uppercase() && b.is_ascii_uppercase();
            let left = !glued || before.is_some_and(|b| hump(b, first));
            let right = after
                .is_none_or(|b| !b.is_ascii_alphanumeric() || b.is_ascii_digit() || hump(last, b));
            left && right
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::builtin;
    use crate::span::Charset;

    fn named(text: &str) -> Vec<String> {
        let rules = builtin();
        let hits = Attributor::new(&rules).hits(text.as_bytes());
        let mut ids: Vec<_> =
            hits.iter().map(|h| rules.providers[h.provider].id.to_string()).collect();
        ids.dedup();
        ids
    }

    #[test]
    fn words_count_only_where_they_stand_free() {
        let none: [&str; 0] = [];
        assert_eq!(named("hibernateQuery hiberNateQuery leadTerrain leadterra"), none);
        assert_eq!(named("MEGA_TOKEN=1 MEGA_API_KEY=2 omega.ai"), none);
        assert_eq!(named("leadterra.com notleadterra.co leadterra.co.uk"), none);
        assert_eq!(named("new Nateq("), ["nateq"]);
        assert_eq!(named("myNateqKey"), ["nateq"]);
        assert_eq!(named("NATEQ_API_KEY"), ["nateq"]);
        assert_eq!(named("https://app.leadterra.co/v1."), ["leadterra"]);
        assert_eq!(named("export VITE_LEADTERRA_KEY="), ["leadterra"]);
        assert_eq!(named("stripes striped"), none);
    }

    #[test]
    fn the_nearest_evidence_names_the_issuer() {
        let rules = builtin();
        let attributor = Attributor::new(&rules);
        let text = "STRIPE_KEY=KEYONE\nother=1\nurl=https://app.leadterra.co\nkey=KEYTWO\n";
        let hits = attributor.hits(text.as_bytes());
        let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
        let place = |key: &str| {
            let at = text.find(key).expect("key");
            Span::new(at, at + key.len())
        };
        let matches = [place("KEYONE"), place("KEYTWO")];
        let around = Surroundings {
            bytes: text.as_bytes(),
            lines: &lines,
            hits: &hits,
            untied: &hits,
            matches: &matches,
        };
        let rule = rules.rule("sk-live-key").expect("rule");
        let body = [b'a'; 24];
        let issuer = |at| attributor.attribute(rule, &body, at, around);
        let first = issuer(matches[0]);
        assert_eq!(first.provider.as_deref(), Some("stripe"));
        assert_eq!(first.evidence, ["name `STRIPE_KEY` on the same line"]);
        let second = issuer(matches[1]);
        assert_eq!(second.provider.as_deref(), Some("leadterra"));
        assert_eq!(second.evidence, ["host `app.leadterra.co` on line 3"]);
    }
}
