//! Takes what baselines list out of an outcome, and says what they list in vain.
//!
//! Each place is judged alone: a finding is gone when no place of it is left.

use std::collections::{BTreeSet, HashMap};

use super::entry::{Entry, Key, Paths, Subject, file_name};
use super::{Baseline, Format};
use crate::finding::{Finding, Occurrence, Outcome, Rejected, Suppressed, Suppressor, Warning};
use crate::moment::Day;
use crate::rule;

/// When and on what baselines are applied.
#[derive(Clone, Copy, Debug)]
pub struct Today {
    /// The day, in UTC.
    pub day: Day,
    /// How much was scanned of what the baselines are about.
    pub coverage: Coverage,
    /// Whether to tell of each place that is taken out.
    pub explain: bool,
    /// Whether the fingerprints of what was found are made with a key.
    pub keyed: bool,
}

/// How much a scan saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A part, so that it says nothing that an entry matches nothing.
    Part,
    /// All files, but not the history that lies behind them.
    Files,
    /// All there is.
    All,
}

/// What entries have hit: baseline and entry, by their numbers.
type Hits = BTreeSet<(usize, usize)>;

/// Takes what `baselines` list out of `outcome`. Says which entries matched something, expired ones
/// included: the numbers of the baseline and the entry.
pub fn apply(outcome: &mut Outcome, baselines: &[Baseline], today: Today) -> Hits {
    let index = Index::new(baselines);
    let (mut hits, mut expired) = (Hits::new(), Hits::new());
    let mut taken = 0;
    let findings = std::mem::take(&mut outcome.findings);
    for mut finding in findings {
        let places = std::mem::take(&mut finding.occurrences);
        let subject = Subject::new(&finding, index.beginnings);
        let mut kept = Vec::with_capacity(places.len());
        let mut known: Vec<(Occurrence, (usize, usize))> = Vec::new();
        for place in places {
            let by = index.allowing(&subject, &finding, &place, today.day, &mut hits, &mut expired);
            match by {
                Some(by) => known.push((place, by)),
                None => kept.push(place),
            }
        }
        drop(subject);
        taken += known.len() as u64;
        for (place, by) in known {
            let suppressor = suppressor(baselines, by);
            if today.explain {
                outcome.rejections.push(rejected(&finding, &place, &suppressor));
            }
            outcome.suppressed.push(Suppressed {
                finding: Finding { occurrences: vec![place], ..finding.clone() },
                by: suppressor,
            });
        }
        let Some(first) = kept.first() else { continue };
        finding.fingerprint = finding.fingerprint_at(first);
        finding.occurrences = kept;
        outcome.findings.push(finding);
    }
    outcome.stats.baselined += taken;
    outcome.findings.sort_by(Finding::order);
    outcome.rejections.sort();
    for (number, baseline) in baselines.iter().enumerate() {
        outcome.warnings.extend(remarks(number, baseline, &hits, &expired, today));
    }
    outcome.warnings.sort();
    hits
}

/// The entries by the names of the files that they are about.
struct Index<'b> {
    baselines: &'b [Baseline],
    named: HashMap<&'b str, Vec<(usize, usize)>>,
    everywhere: Vec<(usize, usize)>,
    /// Whether some entry asks for SHA-1.
    beginnings: bool,
}

impl<'b> Index<'b> {
    fn new(baselines: &'b [Baseline]) -> Self {
        let (mut named, mut everywhere): (HashMap<_, Vec<_>>, Vec<_>) = Default::default();
        let mut beginnings = false;
        for (b, baseline) in baselines.iter().enumerate() {
            for (e, entry) in baseline.entries.iter().enumerate() {
                for key in &entry.keys {
                    beginnings |= matches!(key, Key::Sha1 { .. });
                    let list = match key.file_name() {
                        Some(name) => named.entry(name).or_default(),
                        None => &mut everywhere,
                    };
                    if list.last() != Some(&(b, e)) {
                        list.push((b, e));
                    }
                }
            }
        }
        Self { baselines, named, everywhere, beginnings }
    }

    /// The first entry in force for a secret in a place. Notes every entry that is about it.
    fn allowing(
        &self,
        subject: &Subject<'_>,
        finding: &Finding,
        place: &Occurrence,
        day: Day,
        hits: &mut Hits,
        expired: &mut Hits,
    ) -> Option<(usize, usize)> {
        let paths = Paths::of(place);
        let names = std::iter::once(&paths.stable).chain(&paths.shown);
        let named = names.filter_map(|path| self.named.get(file_name(path))).flatten();
        let mut found = None;
        for (b, e) in named.chain(&self.everywhere).copied() {
            let entry = &self.baselines[b].entries[e];
            if !subject.is(entry, place, &paths) {
                continue;
            }
            hits.insert((b, e));
            if entry.expires.is_some_and(|last| last < day) {
                expired.insert((b, e));
            } else if found.is_none_or(|best| (b, e) < best) {
                found = Some((b, e));
            }
        }
        found.or_else(|| self.listed_here(finding, &paths.stable))
    }

    /// A baseline that holds secrets in clear is no place where they are news, and the digests that it
    /// holds in their place are no secrets.
    fn listed_here(&self, finding: &Finding, path: &str) -> Option<(usize, usize)> {
        let secret = finding.secret.expose();
        let lists = |entry: &Entry| {
            entry.keys.iter().any(|key| match key {
                Key::Clear { text, .. } => memchr::memmem::find(text.expose(), secret).is_some(),
                Key::Sha1 { digest, .. } => is_written(digest, secret),
                Key::Sha256 { digest, .. } => is_written(digest, secret),
                _ => false,
            })
        };
        self.baselines.iter().enumerate().find_map(|(b, baseline)| {
            let here = baseline.stable_path.as_deref() == Some(path);
            let at = here.then(|| baseline.entries.iter().position(lists)).flatten();
            at.map(|e| (b, e))
        })
    }
}

/// Whether a text is a digest in hexadecimal digits.
fn is_written(digest: &[u8], text: &[u8]) -> bool {
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.len() == 2 * digest.len()
        && text.chunks(2).zip(digest).all(|(pair, byte)| value(pair) == Some(*byte))
}

fn suppressor(baselines: &[Baseline], (b, e): (usize, usize)) -> Suppressor {
    let (baseline, entry) = (&baselines[b], &baselines[b].entries[e]);
    Suppressor::Baseline {
        file: baseline.name.clone(),
        line: entry.line,
        reason: entry.reason.clone(),
    }
}

fn rejected(finding: &Finding, place: &Occurrence, by: &Suppressor) -> Rejected {
    Rejected {
        path: place.path.clone(),
        line: place.start.line,
        column: place.start.column,
        rule: finding.rule.clone(),
        text: finding.secret.redacted(),
        reason: by.to_string(),
    }
}

/// What a reader should know of a baseline.
fn remarks(
    number: usize,
    baseline: &Baseline,
    hits: &Hits,
    expired: &Hits,
    today: Today,
) -> Vec<Warning> {
    let mut remarks = Vec::new();
    let mut say = |message: String| {
        remarks.push(Warning {
            kind: "baseline",
            path: Some(baseline.name.clone()),
            message,
            incomplete: false,
        });
    };
    for (line, problem) in &baseline.problems {
        say(format!("line {line} {problem}; it suppresses nothing"));
    }
    let entries = || baseline.entries.iter().enumerate();
    for (_, entry) in entries().filter(|(e, _)| expired.contains(&(number, *e))) {
        if let Some(day) = entry.expires {
            say(format!(
                "line {} expired on {day}: `{}` is reported again",
                entry.line, entry.shown
            ));
        }
    }
    let locked = baseline.keyed && !today.keyed;
    if locked {
        say("was made with a key: without `--fingerprint-key` none of its fingerprints counts"
            .to_owned());
    }
    // Others know kinds of secrets that we do not look for.
    let tells = baseline.format == Format::Own && today.coverage != Coverage::Part && !locked;
    let idle: Vec<usize> = entries()
        .filter(|(e, _)| tells && !hits.contains(&(number, *e)))
        .filter(|(_, entry)| !is_unasked(&entry.shown))
        .map(|(_, entry)| entry.line)
        .collect();
    let here = match today.coverage {
        Coverage::Files => "in these files; `keytrawl baseline prune` also asks the history",
        _ => "that was scanned; `keytrawl baseline prune` drops what is gone",
    };
    match idle.as_slice() {
        [] => {}
        [line] => say(format!("line {line} matches nothing {here}")),
        lines => {
            let listed: Vec<String> = lines.iter().take(10).map(usize::to_string).collect();
            let more = if lines.len() > 10 { ", ..." } else { "" };
            let (count, listed) = (lines.len(), listed.join(", "));
            say(format!("{count} entries (lines {listed}{more}) match nothing {here}"));
        }
    }
    remarks
}
/// Whether an entry is of a rule that is not sought unless somebody asks for low confidence.
fn is_unasked(shown: &str) -> bool {
    shown.split_once(':').is_some_and(|(id, _)| rule::is_weak(id))
}
