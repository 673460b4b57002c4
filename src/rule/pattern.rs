//! An expression of a rule: checked when it is read, compiled when it is first needed.
//!
//! Compiling takes some hundred microseconds an expression, and most runs need none of them.

use std::fmt;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::re2;

/// The longest match of an anchored rule, in bytes of decoded text. A longer token is cut here.
pub const MAX_MATCH: usize = 512;

/// Literal prefixes shorter than this are no help to a prefilter.
const MIN_PREFIX: usize = 4;
/// More prefixes than this are no help either.
const MAX_PREFIXES: usize = 12;

/// A regular expression over bytes.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    anchored: bool,
    groups: usize,
    prefixes: Option<Vec<Vec<u8>>>,
    least: Option<Least>,
    /// As it was written, where that is in another syntax.
    written: Option<Box<str>>,
    longest: Option<usize>,
    compiled: OnceLock<Regex>,
}

/// What every match of an expression has: so many bytes, all of them of these.
#[derive(Clone)]
struct Least {
    length: usize,
    bytes: [bool; 256],
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
        let prefixes = literal_prefixes(&hir);
        if prefixes.is_none() {
            return Ok(Self::unchecked(&source, false, None, &hir));
        }
        let mut pattern = Self::unchecked(&format!(r"\A(?:{source})"), true, prefixes, &hir);
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
        let Some(prefixes) = literal_prefixes(&hir).filter(|_| free) else {
            return Self::foreign(source);
        };
        let anchored = format!(r"\A(?:{translated})");
        let pattern = Self::unchecked(&anchored, true, Some(prefixes), &hir);
        Ok(Self { written: Some(source.into()), least: least(&hir), ..pattern })
    }

    /// An expression that matches nothing.
    pub fn nothing() -> Self {
        let pattern = Self::unchecked(r"[^\s\S]", false, None, &Hir::fail());
        Self { written: Some("".into()), ..pattern }
    }

    /// The most bytes that a match can have; none: there is no limit.
    pub fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// The least bytes that a match of an anchored expression has.
    pub fn shortest(&self) -> usize {
        self.least.as_ref().map_or(0, |least| least.length)
    }

    /// Whether an anchored expression may match at the start of `text`: no is certain, and costs
    /// neither a search nor the compiling.
    pub fn may_start(&self, text: &[u8]) -> bool {
        let fits = |least: &Least| {
            text.len() >= least.length
                && text[..least.length].iter().all(|byte| least.bytes[usize::from(*byte)])
        };
        self.least.as_ref().is_none_or(fits)
    }

    fn unchecked(source: &str, anchored: bool, prefixes: Option<Vec<Vec<u8>>>, hir: &Hir) -> Self {
        let groups = hir.properties().explicit_captures_len();
        let (source, compiled) = (source.to_owned(), OnceLock::new());
        let longest = hir.properties().maximum_len();
        Self { source, anchored, groups, prefixes, least: None, written: None, longest, compiled }
    }

    /// The literals of which each match begins with one, if the expression has such.
    pub fn prefixes(&self) -> Option<&[Vec<u8>]> {
        self.prefixes.as_deref()
    }

    /// Compiles now, to say whether it can be: an expression may be too large.
    pub fn check(&self) -> Result<(), regex::Error> {
        self.build().map(|_| ())
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
fn allow_bytes(hir: &Hir, bytes: &mut [bool; 256]) {
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
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(MAX_PREFIXES).limit_class(4);
    let seq = extractor.extract(hir);
    let mut found: Vec<Vec<u8>> = seq.literals()?.iter().map(|l| l.as_bytes().to_vec()).collect();
    found.sort();
    found.dedup();
    let useful = !found.is_empty() && found.iter().all(|l| l.len() >= MIN_PREFIX);
    useful.then_some(found)
}

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
        assert_eq!(prefixes(r"(?i)token=[a-z]+"), None);
    }

    #[test]
    fn the_source_is_shown_as_it_was_written() {
        assert_eq!(Pattern::of_rule("mega_[a-f]+").expect("valid").as_written(), "mega_[a-f]+");
        assert_eq!(Pattern::whole("[a-f]+").expect("valid").as_written(), "[a-f]+");
        assert_eq!(Pattern::new("[a-f]+").expect("valid").as_written(), "[a-f]+");
    }
}
