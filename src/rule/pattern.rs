//! An expression of a rule: checked when it is read, compiled when it is first needed.
//!
//! Compiling takes some hundred microseconds an expression, and most runs need none of them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::prospect::Prospect;
use super::re2;
use super::shape::{self, Run, SHELTER};

/// The longest match of an anchored rule, in bytes of decoded text. A longer token is cut here.
pub const MAX_MATCH: usize = 512;

/// Literals shorter than this are no help to a prefilter.
const MIN_LITERAL: usize = 3;
/// A rule of a configuration goes by so many literals at the most, of so many bytes at the least: it
/// is sought in every form of each. Others run over whole contents, decoded as well.
const FOREIGN: (usize, usize) = (12, 4);
/// How many characters of a class are spelt out, and how many literals may come of it: more of them
/// only where no literal would be long enough without.
const SPELT: [(usize, usize); 2] = [(4, 16), (16, 64)];

/// A regular expression over bytes.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    anchored: bool,
    groups: usize,
    lead: Option<Lead>,
    least: Option<Least>,
    shortest: usize,
    /// As it was written, where that is in another syntax.
    written: Option<Box<str>>,
    longest: Option<usize>,
    compiled: OnceLock<Regex>,
    /// None inside: none can be made.
    prospect: OnceLock<Option<Arc<Prospect>>>,
}

/// What every match of an expression has: so many bytes, all of them of these.
#[derive(Clone)]
struct Least {
    length: usize,
    bytes: [bool; 256],
}

/// The literals by which a prefilter finds the matches of an expression.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Each match holds one of them.
    pub literals: Vec<Vec<u8>>,
    /// Bytes that stand before the literal in a match, at most; nought if matches begin with it.
    pub back: usize,
    /// Runs of token characters that every match has, by the branch that it takes.
    runs: Vec<Vec<Run>>,
}

impl Lead {
    /// Out of the fields of an index line; none for empty ones.
    pub(super) fn listed(literals: &str, back: &str, runs: &str) -> Option<Self> {
        let byte = |pair: &[u8]| {
            std::str::from_utf8(pair).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        };
        let bytes = |hex: &str| hex.as_bytes().chunks(2).filter_map(byte).collect::<Vec<u8>>();
        if literals.is_empty() {
            return None;
        }
        let run = |text: &str| {
            let mut numbers = text.split(':').map_while(|n| n.parse::<isize>().ok());
            let mut next = || numbers.next();
            let (first, last, length, drawn) = (next()?, next()?, next()?, next()?);
            Some(Run { first, last, length: usize::try_from(length).ok()?, drawn })
        };
        let branch = |text: &str| text.split(',').filter_map(run).collect();
        Some(Self {
            literals: literals.split(',').map(bytes).collect(),
            back: back.parse().ok()?,
            runs: runs.split('|').map(branch).collect(),
        })
    }

    /// The fields of an index line.
    pub(super) fn describe(&self) -> String {
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let literals: Vec<String> = self.literals.iter().map(hex).collect();
        let run = |r: &Run| format!("{}:{}:{}:{}", r.first, r.last, r.length, r.drawn);
        let branch = |runs: &Vec<Run>| runs.iter().map(run).collect::<Vec<_>>().join(",");
        let runs: Vec<String> = self.runs.iter().map(branch).collect();
        format!("{}\t{}\t{}", literals.join(","), self.back, runs.join("|"))
    }

    /// Whether every match has a run of token characters that either holds the part of the literal
    /// from `start` to `end`, or begins within [`SHELTER`] bytes behind `start`, and in which something
    /// is drawn from there on.
    pub fn is_sheltered(&self, start: usize, end: usize) -> bool {
        let (start, end) = (start as isize, end as isize);
        let shelters = |run: &Run| {
            let behind = run.first >= start && run.last <= start + SHELTER as isize;
            let around = run.last <= start && run.first + run.length as isize >= end;
            (behind || around) && run.drawn <= start + SHELTER as isize
        };
        !self.runs.is_empty() && self.runs.iter().all(|branch| branch.iter().any(shelters))
    }
}

impl Pattern {
    /// An expression to be found anywhere. Its syntax is checked, its size is not.
    pub fn new(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (source, hir) = parse(source)?;
        Ok(Self::unchecked(&source, false, None, &hir))
    }

    /// An expression that must match all of a text.
    pub fn whole(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (source, hir) = parse(source)?;
        Ok(Self::unchecked(&format!(r"\A(?:{source})\z"), false, None, &hir))
    }

    /// The expression of a rule. If each match begins with one of a few literals, it is anchored:
    /// [`Pattern::prefixes`] has them, and [`Pattern::regex`] matches at the start only.
    pub fn of_rule(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (source, hir) = parse(source)?;
        let Some(literals) = literal_prefixes(&hir) else {
            return Ok(Self::unchecked(&source, false, None, &hir));
        };
        let lead = Lead { literals, back: 0, runs: shape::runs(&hir, 0) };
        let mut pattern = Self::unchecked(&format!(r"\A(?:{source})"), true, Some(lead), &hir);
        pattern.least = least(&hir);
        Ok(pattern)
    }

    /// An expression in RE2's syntax, to be found anywhere.
    pub fn foreign(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (translated, hir) = parse_foreign(source)?;
        let pattern = Self::unchecked(&translated, false, None, &hir);
        Ok(Self { written: Some(source.into()), ..pattern })
    }

    /// The expression of a rule, in RE2's syntax. It is anchored only if each match begins with a
    /// literal wherever that stands, and is not of any length.
    pub fn of_foreign_rule(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (translated, hir) = parse_foreign(source)?;
        let free = hir.properties().look_set_prefix_any().is_empty();
        let telling = |found: &Vec<Vec<u8>>| {
            free && found.len() <= FOREIGN.0 && found.iter().all(|l| l.len() >= FOREIGN.1)
        };
        let Some(literals) = literal_prefixes(&hir).filter(telling) else {
            return Self::foreign(source);
        };
        let lead = Lead { literals, back: 0, runs: Vec::new() };
        let anchored = format!(r"\A(?:{translated})");
        let pattern = Self::unchecked(&anchored, true, Some(lead), &hir);
        Ok(Self { written: Some(source.into()), least: least(&hir), ..pattern })
    }

    /// An expression that matches nothing.
    pub fn nothing() -> Self {
        let pattern = Self::unchecked(r"[^\s\S]", false, None, &Hir::fail());
        Self { written: Some("".into()), ..pattern }
    }

    /// The expression of a rule whose literal may stand within its matches, behind a bounded number
    /// of bytes.
    pub fn around_literal(source: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let (source, hir) = parse(source)?;
        let lead = shape::inner(&hir).map(|inner| Lead {
            literals: vec![inner.literal],
            back: inner.most,
            runs: shape::runs(&hir, inner.most),
        });
        Ok(Self::unchecked(&source, false, lead, &hir))
    }

    /// The length of the shortest match in bytes.
    pub fn shortest(&self) -> usize {
        self.shortest
    }

    /// Whether an anchored expression may match at the start of `text`: no is certain, and costs
    /// neither a search nor the compiling. Looks at no more than `most` bytes.
    pub fn may_start(&self, text: &[u8], most: usize) -> bool {
        let fits = |least: &Least| {
            let length = least.length.min(most);
            text.len() >= length
                && text[..length].iter().all(|byte| least.bytes[usize::from(*byte)])
        };
        self.least.as_ref().is_none_or(fits)
    }

    /// Whether a match may begin at one of `starts`, whatever stands in `text` from `end` on: no is
    /// certain. An anchored expression can begin at 0 alone.
    pub fn may_begin(&self, text: &[u8], starts: Range<usize>, end: usize) -> bool {
        let make = || Prospect::new(&self.source).map(Arc::new);
        let prospect = self.prospect.get_or_init(make).as_ref();
        prospect.is_none_or(|prospect| prospect.is_open(text, starts, end))
    }

    fn unchecked(source: &str, anchored: bool, lead: Option<Lead>, hir: &Hir) -> Self {
        let groups = hir.properties().explicit_captures_len();
        let shortest = hir.properties().minimum_len().unwrap_or(0);
        let longest = hir.properties().maximum_len();
        let source = source.to_owned();
        Self {
            source,
            anchored,
            groups,
            lead,
            least: None,
            shortest,
            written: None,
            longest,
            compiled: OnceLock::new(),
            prospect: OnceLock::new(),
        }
    }

    /// The literals of which each match begins with one, if the expression has such.
    pub fn prefixes(&self) -> Option<&[Vec<u8>]> {
        self.lead.as_ref().filter(|lead| lead.back == 0).map(|lead| lead.literals.as_slice())
    }

    /// The literals by which matches are found, if the expression has such.
    pub fn lead(&self) -> Option<&Lead> {
        self.lead.as_ref()
    }

    /// Compiles now, to say whether it can be: an expression may be too large.
    pub fn check(&self) -> Result<(), regex::Error> {
        self.build().map(|_| ())
    }

    /// The length of the longest match in bytes, if there is one.
    pub fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// Number of capture groups, the whole match not counted.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The compiled expression; none if it is too large to compile, which [`Pattern::check`] tells.
    pub fn regex(&self) -> Option<&Regex> {
        if let Some(regex) = self.compiled.get() {
            return Some(regex);
        }
        let regex = self.build().ok()?;
        Some(self.compiled.get_or_init(|| regex))
    }

    /// Whether it matches somewhere in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// The expression as it was written.
    pub fn as_written(&self) -> &str {
        if let Some(written) = &self.written {
            return written;
        }
        let whole = self.source.strip_prefix(r"\A(?:").and_then(|s| s.strip_suffix(r")\z"));
        let rule = || self.source.strip_prefix(r"\A(?:").and_then(|s| s.strip_suffix(')'));
        if self.anchored { rule().unwrap_or(&self.source) } else { whole.unwrap_or(&self.source) }
    }

    fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.source).unicode(true).size_limit(64 << 20).build()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_written()).finish()
    }
}

/// Parses an expression. RE2, for which many rules are written, takes a brace that begins no
/// repetition for itself: such are escaped.
fn parse(source: &str) -> Result<(String, Hir), Box<regex_syntax::Error>> {
    let mut text = source.to_owned();
    let mut first = None;
    loop {
        let mut parser = regex_syntax::ParserBuilder::new().utf8(false).build();
        let error = match parser.parse(&text) {
            Ok(hir) => return Ok((text, hir)),
            Err(error) => error,
        };
        let brace = literal_brace(&error, &text);
        let first = first.get_or_insert(error);
        match brace {
            Some(at) => text.insert(at, '\\'),
            None => return Err(Box::new(first.clone())),
        }
    }
}

/// Parses an expression in RE2's syntax. A mistake is told with its place in what was written, where
/// both syntaxes see it.
fn parse_foreign(source: &str) -> Result<(String, Hir), Box<regex_syntax::Error>> {
    let Some(translated) = re2::translated(source) else { return parse(source) };
    match regex_syntax::ParserBuilder::new().utf8(false).build().parse(&translated) {
        Ok(hir) => Ok((translated, hir)),
        Err(error) => Err(parse(source).err().unwrap_or_else(|| Box::new(error))),
    }
}

/// Where the brace is that begins no repetition, if that is all that is wrong.
fn literal_brace(error: &regex_syntax::Error, text: &str) -> Option<usize> {
    use regex_syntax::ast::ErrorKind::{
        DecimalEmpty, DecimalInvalid, RepetitionCountDecimalEmpty, RepetitionCountUnclosed,
        RepetitionMissing,
    };
    let regex_syntax::Error::Parse(error) = error else { return None };
    let (start, end) = (error.span().start.offset, error.span().end.offset);
    match error.kind() {
        RepetitionMissing => text.get(start..)?.starts_with('{').then_some(start),
        DecimalEmpty | DecimalInvalid | RepetitionCountDecimalEmpty | RepetitionCountUnclosed => {
            text.get(..end.max(start + 1))?.rfind('{')
        }
        _ => None,
    }
}

fn least(hir: &Hir) -> Option<Least> {
    let length = hir.properties().minimum_len()?;
    let mut bytes = [false; 256];
    allow_bytes(hir, &mut bytes);
    Some(Least { length, bytes })
}

/// Marks every byte that may be part of a match.
pub(super) fn allow_bytes(hir: &Hir, bytes: &mut [bool; 256]) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|b| bytes[usize::from(*b)] = true),
        HirKind::Class(Class::Bytes(class)) => {
            for range in class.ranges() {
                bytes[usize::from(range.start())..=usize::from(range.end())].fill(true);
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                let (start, end) = (range.start() as usize, range.end() as usize);
                if start < 0x80 {
                    bytes[start..=end.min(0x7f)].fill(true);
                }
                if end >= 0x80 {
                    bytes[0x80..].fill(true);
                }
            }
        }
        HirKind::Repetition(repetition) => allow_bytes(&repetition.sub, bytes),
        HirKind::Capture(capture) => allow_bytes(&capture.sub, bytes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| allow_bytes(part, bytes));
        }
    }
}

/// The literals that every match begins with. None if the expression looks at what stands before
/// its match, since an anchored search has no sight of that.
fn literal_prefixes(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    if hir.properties().look_set_prefix_any().iter().any(|look| look != Look::Start) {
        return None;
    }
    SPELT.into_iter().find_map(|(class, total)| {
        let mut extractor = Extractor::new();
        extractor.kind(ExtractKind::Prefix).limit_total(total).limit_class(class);
        let seq = extractor.extract(hir);
        let mut found: Vec<_> = seq.literals()?.iter().map(|l| l.as_bytes().to_vec()).collect();
        found.sort();
        found.dedup();
        // The shorter of two finds all that the longer one finds.
        found.dedup_by(|long, short: &mut Vec<u8>| long.starts_with(short));
        let useful = !found.is_empty() && found.iter().all(|l| l.len() >= MIN_LITERAL);
        useful.then(|| united(found))
    })
}

/// Literals that begin alike become what they have in common, if that is long enough to be rare.
fn united(literals: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let Some(first) = literals.first() else { return literals };
    let alike = |other: &Vec<u8>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    let common = literals.iter().map(alike).min().unwrap_or(0);
    if literals.len() > 1 && common >= LONG { vec![first[..common].to_vec()] } else { literals }
}

/// A literal of so many bytes is rare enough.
const LONG: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brace_that_begins_no_repetition_means_itself() {
        for (source, text) in [
            (r"a{b}", "a{b}"),
            (r"{[a-z]{2}}", "{ab}"),
            (r"x{,3}", "x{,3}"),
            (r"\{y{", "{y{"),
            (r"z{2", "z{2"),
        ] {
            let pattern = Pattern::new(source).unwrap_or_else(|e| panic!("{source}: {e}"));
            pattern.check().expect("it compiles");
            assert!(pattern.is_match(text.as_bytes()), "{source}");
            assert!(!pattern.is_match(b"ab"), "{source}");
        }
        for wrong in ["(a{b}", "[a{"] {
            let error = Pattern::new(wrong).expect_err("it is wrong");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_rule_of_a_configuration_goes_by_few_long_literals_or_by_none() {
        let has_lead = |source| Pattern::of_foreign_rule(source).expect("valid").lead().is_some();
        assert!(has_lead(r"widget_[0-9a-z]{32}"));
        assert!(!has_lead(r"(?i)token[\w .-]{0,10}=([0-9a-z]{32})"));
        assert!(!has_lead(r"key=[0-9a-z]{32}|id_[0-9]{9}"));
    }

    #[test]
    fn a_literal_start_makes_a_rule_anchored() {
        let prefixes = |source: &str| {
            let pattern = Pattern::of_rule(source).expect("valid");
            pattern.prefixes().map(|p| {
                p.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect::<Vec<_>>()
            })
        };
        assert_eq!(prefixes(r"(mega_(?P<body>[0-9a-f]{64}))"), Some(vec!["mega_".to_owned()]));
        assert_eq!(
            prefixes(r"(?:sk|rk)_live_[0-9A-Za-z]{20,}"),
            Some(vec!["rk_live_".to_owned(), "sk_live_".to_owned()])
        );
        assert_eq!(prefixes(r"\bmega_[0-9a-f]{64}"), None);
        assert_eq!(prefixes(r"[a-z]+_secret"), None);
        assert_eq!(prefixes(r"(?i)[a-z]+=token"), None);
    }

    #[test]
    fn the_source_is_shown_as_it_was_written() {
        assert_eq!(Pattern::of_rule("mega_[a-f]+").expect("valid").as_written(), "mega_[a-f]+");
        assert_eq!(Pattern::whole("[a-f]+").expect("valid").as_written(), "[a-f]+");
        assert_eq!(Pattern::new("[a-f]+").expect("valid").as_written(), "[a-f]+");
    }
}
