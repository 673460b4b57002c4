//! Reads what a value is assigned to: `API_KEY=…`, `"apiKey": "…"`, `<apiKey>…</apiKey>`,
//! `--api-key …`, `setKey('…')`, `?key=…`, `- name: KEY` above `value: …`.
//!
//! No parser of any language: it goes from a run of token characters to the left, over quotes,
//! operators and blanks, to the nearest name. It looks at [`BACK`] bytes before the run and no
//! farther, so that what it tells depends on nothing else. Not here: what a name means.

mod decoding;
mod escape;

pub use escape::{escape_before, unescaped, written};

use crate::span::Span;
use crate::token::is_token;
use decoding::{WRITTEN, before_call, is_decoding};
use escape::{behind_escape, ends_value, json_escape};

/// Bytes of a value that may stand before its run.
const VALUE_BACK: usize = 40;
/// Bytes before a value in which its name is sought.
const NAME_BACK: usize = 80;
/// All bytes before a run that are looked at.
pub const BACK: usize = VALUE_BACK + NAME_BACK;
/// No value is longer behind its run.
const MAX_VALUE: usize = 1024;
/// Bytes of a run that are looked at.
const MAX_RUN: usize = 1024;

/// A value and the name that it is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The value, without its quotes.
    pub value: Span,
    /// The name next to it.
    pub name: Span,
    /// The name with what stands before it on its line: the names of outer tables, of the object.
    pub wide: Span,
    /// Whether the value stands in quotes.
    pub quoted: bool,
}

/// Readings of one token: where its value may begin.
const READINGS: usize = 3;

/// What the value that holds the run which begins at `run` is assigned to, if it is assigned: the likeliest
/// reading first. There are several where a value has `:` or `=` in it.
pub fn readings(text: &[u8], run: usize) -> impl Iterator<Item = Assigned> + '_ {
    let floor = run.saturating_sub(VALUE_BACK);
    let mut token = back_while(text, run, floor, is_value);
    // The run may begin behind a sign that JSON has escaped.
    while token > floor && matches!(json_escape(text, token - 1), Some((b'/' | b'+', _))) {
        token = back_while(text, token - 1, floor, is_value);
    }
    let before = &text[token..run];
    let own = parameter(text, token, run);
    let operators = (own..before.len()).rev().filter(|at| matches!(before[*at], b'=' | b':'));
    let split = operators.map(move |at| (token + at + 1, true));
    let is_whole = own == 0 || token > 0 && is_quote(text[token - 1]);
    let whole = is_whole.then_some((token, false));
    let all = split.take(READINGS).chain(whole).chain(quoted(text, token, floor));
    all.filter_map(move |(start, split)| reading(text, run, start, split))
}

/// How far from `token` on the parameter of a query begins in which the run is, such as `secret=…` in
/// `token=…&secret=…`: what stands before its `&` is the value of another one. 0 if there is none.
fn parameter(text: &[u8], token: usize, run: usize) -> usize {
    let start = text[token..run].iter().rposition(|byte| *byte == b'&').map_or(0, |at| at + 1);
    let rest = &text[token + start..];
    let name = rest.iter().take(NAME_BACK).take_while(|byte| is_name(**byte)).count();
    match rest.get(name..) {
        // Not the end of base64.
        Some([b'=', next, ..]) if name > 0 && *next != b'=' && is_value(*next) => start,
        _ => 0,
    }
}

/// Where a value begins that has signs in it which only a value in quotes may have.
fn quoted(text: &[u8], token: usize, floor: usize) -> Option<(usize, bool)> {
    let inner = |byte: u8| byte.is_ascii_graphic() && !is_quote(byte) && byte != b'\\';
    let start = back_while(text, token, floor, inner);
    (start < token && start > floor && is_quote(text[start - 1])).then_some((start, false))
}

fn reading(text: &[u8], run: usize, start: usize, split: bool) -> Option<Assigned> {
    let floor = start.saturating_sub(NAME_BACK);
    let (quote, before) = opening(text, start, floor, split);
    // The name first: most runs have none, and may be long.
    let name = name_before(text, before, floor)?;
    let first = start + usize::from(is_default(text, name, start));
    let value = Span::new(first, value_end(text, run, quote));
    let after = text.get(value.end);
    if after == Some(&b'{') || is_shortened(&text[value.end..]) {
        // A template: the rest is put in later. Or it was left out: `abcd…`.
        return None;
    }
    if after == Some(&b'(') && quote.is_none() {
        // A call.
        return None;
    }
    if quote.is_none() && (is_in_resource(text, name, floor) || is_shown(text, name, floor)) {
        return None;
    }
    let wide = Span::new(line_start(text, name.start, floor), name.end);
    Some(Assigned { value, name, wide, quoted: quote.is_some() })
}

/// Whether a name is a part of the name of one of Amazon's resources, such as
/// `arn:aws:secretsmanager:eu-west-1:…:secret:…`, which names what it does not hold.
fn is_in_resource(text: &[u8], name: Span, floor: usize) -> bool {
    let start = back_while(text, name.start, floor, is_value);
    text[start..name.start].starts_with(b"arn:")
}

/// Whether a token stands in a link to a file that everybody may see: `?alt=media&token=…` of Firebase.
fn is_shown(text: &[u8], name: Span, floor: usize) -> bool {
    let before = &text[floor..name.start];
    ["alt=media&", "alt=media&amp;", r"alt=media\u0026"]
        .iter()
        .any(|lead| before.ends_with(lead.as_bytes()))
}

/// Whether a dash before a value makes it what the shell takes where a variable has none: `${NAME:-…}`.
fn is_default(text: &[u8], name: Span, start: usize) -> bool {
    text[..name.start].ends_with(b"${")
        && text[name.end..].starts_with(b":-")
        && start == name.end + 1
}

/// Whether what follows a value says that there was more of it.
fn is_shortened(rest: &[u8]) -> bool {
    ["..", "\u{2026}", "***"].iter().any(|sign| rest.starts_with(sign.as_bytes()))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// Characters of values beside those of tokens.
fn is_value(byte: u8) -> bool {
    is_token(byte)
        || matches!(
            byte,
            b'.' | b'~'
                | b'='
                | b':'
                | b'@'
                | b'!'
                | b'$'
                | b'%'
                | b'^'
                | b'*'
                | b'?'
                | b'#'
                | b'|'
                | b'&'
        )
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'@') || byte >= 0x80
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The first of the bytes right before `end`, not below `floor`, for all of which `holds`.
fn back_while(text: &[u8], end: usize, floor: usize, holds: impl Fn(u8) -> bool) -> usize {
    end - text[floor..end].iter().rev().take_while(|byte| holds(**byte)).count()
}

/// The quote that opens the value, and where what stands before it ends.
fn opening(text: &[u8], start: usize, floor: usize, split: bool) -> (Option<u8>, usize) {
    let before = &text[floor..start];
    let Some(quote) = before.last().copied().filter(|b| is_quote(*b) && !split) else {
        return (None, spaced_quote(text, start, floor).unwrap_or(start));
    };
    // `\"` in a string, `"""`, and letters that say what kind of string it is: `b"`, `@"`, `r#"`.
    let mut end = back_while(text, start, floor, |b| b == quote || b == b'\\');
    end = back_while(text, end, floor, |b| matches!(b, b'#' | b'@'));
    let letters = back_while(text, end, floor, |b| b.is_ascii_alphabetic());
    if end - letters <= 2 && letters > floor && !is_name(text[letters - 1]) {
        end = letters;
    }
    (Some(quote), end)
}

/// Where the quote is that opens a value in quotes with blanks at both its ends: `" … "`. The value
/// itself has none, so that it ends as one without quotes.
fn spaced_quote(text: &[u8], start: usize, floor: usize) -> Option<usize> {
    let outer = back_while(text, start, floor, is_blank);
    let quote = text[floor..outer].last().filter(|byte| outer < start && is_quote(**byte))?;
    let rest = &text[start..text.len().min(start + MAX_VALUE)];
    let behind = rest.iter().position(|byte| !is_value(*byte))?;
    let blanks = rest[behind..].iter().take_while(|byte| is_blank(**byte)).count();
    (blanks > 0 && rest.get(behind + blanks) == Some(quote)).then_some(outer - 1)
}

/// Where the value ends that holds the run which begins at `run`: at its quote, or where no character of
/// values follows.
fn value_end(text: &[u8], run: usize, quote: Option<u8>) -> usize {
    let own = &text[run..text.len().min(run + MAX_RUN)];
    let end = run + own.iter().take_while(|b| is_token(**b)).count();
    let rest = &text[end..text.len().min(end + MAX_VALUE)];
    let Some(quote) = quote else { return unquoted_end(rest, end) };
    let holds = |at: &usize| match rest[*at] {
        b'\\' => json_escape(rest, *at).is_some_and(|(byte, _)| !is_quote(byte)),
        byte => byte != quote && !byte.is_ascii_whitespace(),
    };
    end + (0..rest.len()).take_while(holds).count()
}

fn unquoted_end(rest: &[u8], from: usize) -> usize {
    let mut more = 0;
    while let Some(byte) = rest.get(more) {
        more += match json_escape(rest, more) {
            Some((b'+' | b'/' | b'=', length)) => length,
            _ if *byte == b'%' && ends_value(&rest[more + 1..]) => break,
            _ if is_value(*byte) && *byte != b'&' => 1,
            _ => break,
        };
    }
    // A full stop ends a sentence, a colon begins something.
    from + rest[..more]
        .iter()
        .rposition(|b| !matches!(b, b'.' | b':' | b'?' | b'!'))
        .map_or(0, |at| at + 1)
}

/// Words between an operator and a value.
const SCHEMES: [&[u8]; 6] = [b"bearer", b"basic", b"token", b"apikey", b"key", b"string"];
/// Names that say nothing of a value, beside another name that does.
const EMPTY: [&[u8]; 8] =
    [b"value", b"val", b"default", b"data", b"content", b"defaultvalue", b"text", b"string"];
/// Types that stand between a name and `=`.
const TYPES: [&[u8]; 6] = [b"string", b"str", b"text", b"varchar", b"any", b"char"];

/// The name that ends before `end`, across an operator.
fn name_before(text: &[u8], end: usize, floor: usize) -> Option<Span> {
    let (end, operator) = skip_operator(text, end, floor)?;
    let name = word(text, end, floor)?;
    if operator == Operator::Blank && text[name.range()].starts_with(b"ssh-") {
        // The kind of a public key: `ssh-rsa …`.
        return None;
    }
    if operator == Operator::StandsIn {
        return Some(with_target(text, name, floor));
    }
    let is = |words: &[&[u8]]| words.iter().any(|w| text[name.range()].eq_ignore_ascii_case(w));
    if is(&WRITTEN) && text.get(name.end) == Some(&b':') || is_decoding(&text[name.range()]) {
        // What is written so is assigned to what stands before it.
        let outer = before_call(text, name.start, floor);
        return name_before(text, outer, floor).or(Some(name));
    }
    if operator == Operator::Blank && is(&SCHEMES) {
        // `Authorization: Bearer …`: the scheme is no name.
        return name_before(text, name.start, floor).or(Some(name));
    }
    if is(&TYPES) {
        let outer =
            back_while(text, name.start, floor, |b| is_blank(b) || matches!(b, b':' | b'&' | b'*'));
        return word(text, before_as(text, outer, floor), floor).or(Some(name));
    }
    if is(&EMPTY) {
        return named_beside(text, name.start, floor).or(Some(name));
    }
    Some(name)
}

/// The name of what may be nothing, with that of what is set to it: `secret = config.jwt || '…'`.
fn with_target(text: &[u8], name: Span, floor: usize) -> Span {
    let target = skip_operator(text, name.start, floor).and_then(|(end, _)| word(text, end, floor));
    let is_set = |target: &Span| {
        let between = &text[target.end..name.start];
        between.contains(&b'=') || between.ends_with(b": ")
    };
    target.filter(is_set).map_or(name, |target| Span::new(target.start, name.end))
}

/// Where the name ends before `As`, with which Basic puts the type behind it: `Dim key As String`.
fn before_as(text: &[u8], end: usize, floor: usize) -> usize {
    let start = back_while(text, end, floor, |b| b.is_ascii_alphabetic());
    match text[start..end].eq_ignore_ascii_case(b"as") {
        true => back_while(text, start, floor, is_blank),
        false => end,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    /// Nothing but blanks.
    Blank,
    /// `=`, `:`, `=>`, `(` and their like.
    Sign,
    /// `||`, `??`, `or`: what is taken where the name has nothing.
    StandsIn,
}

/// Where the quote is that closes a name, of which PHP's `serialize` has set `s:32:` before the value.
fn before_length(text: &[u8], end: usize, floor: usize) -> Option<usize> {
    let rest = text[floor..end].strip_suffix(b":")?;
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest[..rest.len() - digits].strip_suffix(b";s:").filter(|_| digits > 0)?;
    rest.last().is_some_and(|byte| is_quote(*byte)).then_some(floor + rest.len())
}

/// Steps over the blanks, the operator and the closing quotes and brackets of a name.
fn skip_operator(text: &[u8], end: usize, floor: usize) -> Option<(usize, Operator)> {
    let closing = |b: u8| is_blank(b) || is_quote(b) || matches!(b, b']' | b')' | b'\\' | b'}');
    if let Some(end) = before_length(text, end, floor) {
        return Some((back_while(text, end, floor, closing), Operator::Sign));
    }
    let is_sign = |b: u8| {
        matches!(
            b,
            b'=' | b':' | b'>' | b'(' | b',' | b'[' | b'{' | b'|' | b'?' | b'+' | b'~' | b'.'
        )
    };
    let mut unblanked = back_while(text, end, floor, is_blank);
    // The text of an XML element may stand on a line of its own, and so may what formatters break.
    let lines = back_while(text, end, floor, |b| b.is_ascii_whitespace());
    if lines > floor {
        // Of `NAME=` the value is empty: what stands below it is of another one.
        let goes_on = match text[lines - 1] {
            b'=' => text.get(end).is_some_and(|byte| is_quote(*byte)) || !is_bare(text, lines),
            byte => matches!(byte, b'>' | b'('),
        };
        unblanked = if goes_on { lines } else { unblanked };
    }
    let mut signs = back_while(text, unblanked, floor, |b| is_sign(b) || is_blank(b));
    // `token - '…'`: a dash that stands alone.
    if signs > floor + 1 && text[signs - 1] == b'-' && is_blank(text[signs - 2]) && signs < end {
        signs -= 1;
    }
    // The arrow of R, which looks like a dash: `token <- '…'`.
    if text[floor..signs].ends_with(b"<-") {
        signs = back_while(text, signs - 1, floor, |b| b == b'<');
    }
    // What stands in where nothing is: `os.environ.get("TOKEN") or '…'`.
    let stands_in = unblanked < end && text[floor..unblanked].ends_with(b" or");
    if stands_in {
        signs = unblanked - 2;
    }
    let is_operator = |b: &u8| is_sign(*b) || *b == b'-';
    let written = text[signs..unblanked].trim_ascii();
    let operator = match written {
        b"||" | b"??" | b"?:" | b"||=" | b"??=" => Operator::StandsIn,
        _ if stands_in => Operator::StandsIn,
        _ if written.iter().any(is_operator) => Operator::Sign,
        _ if unblanked < end => Operator::Blank,
        _ => return None,
    };
    Some((back_while(text, signs, floor, closing), operator))
}

/// Whether `=` stands before `end` right behind a name, as in `NAME=`.
fn is_bare(text: &[u8], end: usize) -> bool {
    end.checked_sub(2).is_some_and(|at| is_name(text[at]))
}

/// The name that ends at `end`, or before an XML tag's bracket.
fn word(text: &[u8], end: usize, floor: usize) -> Option<Span> {
    let start = back_while(text, end, floor, is_name);
    // A name in quotes may have blanks in it.
    let spaced = back_while(text, start, floor, |b| is_name(b) || b == b' ');
    let quoted =
        spaced > floor && is_quote(text[spaced - 1]) && text.get(end).is_some_and(|b| is_quote(*b));
    let start = if quoted { spaced } else { behind_escape(text, start, end) };
    let name = Span::new(start, end);
    text[name.range()].iter().any(u8::is_ascii_alphabetic).then_some(name)
}

/// The value of the attribute or key before: `name="KEY" value="…"`, `- name: KEY` above `value: …`.
fn named_beside(text: &[u8], end: usize, floor: usize) -> Option<Span> {
    let gap = |b: u8| {
        b.is_ascii_whitespace()
            || is_quote(b)
            || matches!(b, b',' | b'-' | b'\\' | b'}' | b'{' | b';')
    };
    let outer = back_while(text, end, floor, gap);
    if outer == end {
        return None;
    }
    word(text, outer, floor)
}

/// The start of the line that holds `at`, or `floor`.
fn line_start(text: &[u8], at: usize, floor: usize) -> usize {
    back_while(text, at, floor, |b| b != b'\n')
}

#[cfg(test)]
#[path = "assignment_tests.rs"]
mod tests;
