//! Secrets without a mark of their own, by the name that they are assigned to.
//!
//! The words of all names are sought at once in the name next to a value, so that what a value costs
//! does not depend on the number of rules. Not here: reading the name out of the text.

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use zeroize::Zeroizing;

use super::silence::Silence;
use super::{Captured, Found, Match, Matcher};
use crate::assignment::{self, Assigned, written};
use crate::decode::{self, Layer, Reach, Text};
use crate::finding::Secret;
use crate::prefilter::Candidate;
use crate::randomness;
use crate::rule::{LAST, Listed, Name, RuleSet};
use crate::span::Span;
use crate::token::{RUN, is_token};

/// Bytes before a value's run on which it depends whether it is plausible.
pub(super) const BEFORE: usize = assignment::BACK;
/// And from its start on.
pub(super) const AHEAD: usize = 112;
/// How far text with escapes is read around it.
const REACH: Reach = Reach { back: BEFORE, forward: 1200 };

/// Words that mean that a value is secret.
const SECRET: [&str; 18] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "credential",
    "creds",
    "auth",
    "apikey",
    "pat",
    "private",
    "bearer",
    "license",
    "access",
    "jwt",
];
/// Words of names whose values look random and are no secrets.
const PUBLIC: [&str; 54] = [
    "commit",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "digest",
    "hash",
    "checksum",
    "etag",
    "version",
    "revision",
    "guid",
    "uuid",
    "integrity",
    "fingerprint",
    "thumbprint",
    "crc",
    "public",
    "pub",
    "csrf",
    "xsrf",
    "authenticity",
    "rev",
    "ref",
    "keyid",
    "nonce",
    "name",
    "address",
    "mint",
    "label",
    "plan",
    "host",
    "path",
    "file",
    "filename",
    "error",
    "type",
    "endpoint",
    "algorithm",
    "format",
    "prefix",
    "suffix",
    "length",
    "time",
    "expires",
    "expiry",
    "fake",
    "dummy",
    "bogus",
    "mock",
    "invalid",
    "wrong",
    "bad",
];

/// Words that make a key or a token one that everybody may see, that nobody can use elsewhere, or that
/// opens nothing, as those do that tests are refused with.
const OPEN: [&[u8]; 13] = [
    b"public",
    b"pub",
    b"hashed",
    b"csrf",
    b"xsrf",
    b"authenticity",
    b"fake",
    b"dummy",
    b"bogus",
    b"mock",
    b"invalid",
    b"wrong",
    b"bad",
];

/// Of those, the ones of tokens against forged requests.
const FORGERY: [&[u8]; 3] = [b"csrf", b"xsrf", b"authenticity"];

/// What a word found in a name stands for.
#[derive(Default)]
struct Word {
    secret: bool,
    public: bool,
    /// The alternatives that are looked at when the word is found: those of whose words it is the
    /// rarest.
    leads: Vec<usize>,
}

/// A name, and the words in it.
#[derive(Debug, Default)]
struct Reading {
    name: Name,
    /// The words found, and whether each is in the narrow name.
    found: Vec<(usize, bool)>,
}

thread_local! {
    /// Names are read by the million: the memory of one serves the next.
    static READING: Cell<Reading> = Cell::default();
    /// And most of them say nothing, which need not be found out each time.
    static SILENCE: RefCell<Silence> = RefCell::default();
}

/// How many indexes there have been.
static INDEXES: AtomicU64 = AtomicU64::new(0);

/// One alternative of one rule.
struct Alternative {
    rule: usize,
    /// The numbers of its words.
    words: Vec<usize>,
    /// The word that the name must end in.
    last: Option<String>,
    /// Whether it names a public thing itself.
    public: bool,
    /// Whether it is a name that anybody uses.
    generic: bool,
}

/// The words of all rules that go by names.
pub struct NameIndex<'r> {
    /// No other one has it.
    number: u64,
    set: &'r RuleSet,
    /// The rules that go by names, by their numbers.
    rules: Vec<usize>,
    built: OnceLock<Built>,
}

impl std::fmt::Debug for NameIndex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NameIndex").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

struct Built {
    automaton: AhoCorasick,
    words: Vec<Word>,
    alternatives: Vec<Alternative>,
}

impl<'r> NameIndex<'r> {
    /// The index of the rules of `set`. It is built when it is first needed.
    pub fn new(set: &'r RuleSet) -> Self {
        let named = (0..).zip(&set.rules).filter(|(_, rule)| rule.has_names());
        let number = INDEXES.fetch_add(1, Ordering::Relaxed) + 1;
        let rules = named.map(|(index, _)| index).collect();
        Self { number, set, rules, built: OnceLock::new() }
    }

    /// Whether no rule goes by names.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn built(&self) -> Option<&Built> {
        if self.built.get().is_none() {
            let listed = self.rules.iter().map(|number| (*number, &self.set.rules[*number]));
            let built = build(listed)?;
            return Some(self.built.get_or_init(|| built));
        }
        self.built.get()
    }

    /// The rules that the name of a reading speaks for, in their order. `narrow` is where the name next
    /// to the value begins in its letters.
    fn rules(&self, Reading { name, found }: &mut Reading, narrow: usize) -> Vec<usize> {
        let Some(built) = self.built() else { return Vec::new() };
        let (mut secret, mut public) = (false, false);
        found.clear();
        for hit in built.automaton.find_overlapping_iter(name.letters()) {
            if !name.counts(hit.start(), hit.end()) {
                continue;
            }
            let (word, near) = (hit.pattern().as_usize(), hit.end() > narrow);
            secret |= near && built.words[word].secret;
            public |= near && built.words[word].public && is_part(name, hit.start(), hit.end());
            match found.iter_mut().find(|f| f.0 == word) {
                Some(known) => known.1 |= near,
                None => found.push((word, near)),
            }
        }
        let last = name.parts().last().unwrap_or_default();
        let is_id = last == b"id";
        let refused = public && (!secret || is_public_key(name, narrow));
        let speaks = |alternative: &Alternative| {
            let near = |word: &usize| found.iter().find(|f| f.0 == *word).map(|f| f.1);
            if alternative.last.as_ref().is_some_and(|word| word.as_bytes() != last) {
                return false;
            }
            let mut any_near = secret;
            let all =
                alternative.words.iter().all(|w| near(w).inspect(|n| any_near |= n).is_some());
            all && any_near && (alternative.public || !refused) && !(alternative.generic && is_id)
        };
        let led = found.iter().flat_map(|(word, _)| &built.words[*word].leads);
        let mut rules: Vec<usize> = led
            .map(|at| &built.alternatives[*at])
            .filter(|alternative| speaks(alternative))
            .map(|alternative| alternative.rule)
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// Whether letters from `start` to `end` are whole parts of the name.
fn is_part(name: &Name, start: usize, end: usize) -> bool {
    let mut at = 0;
    let (mut starts, mut ends) = (false, false);
    for part in name.parts() {
        starts |= at == start;
        at += part.len();
        ends |= at == end;
    }
    starts && ends
}

/// Whether the name next to the value speaks of a public key, or of a key's id, hash and the like.
fn is_public_key(name: &Name, narrow: usize) -> bool {
    let mut at = 0;
    let last = name.parts().last().unwrap_or_default();
    // Tokens against forged requests are seen by everybody, what they are made with is not.
    let signs = last == b"secret" || last == b"key";
    for part in name.parts() {
        if at >= narrow && OPEN.contains(&part) && !(signs && FORGERY.contains(&part)) {
            return true;
        }
        at += part.len();
    }
    PUBLIC.iter().any(|word| word.as_bytes() == last)
}

fn build<'r>(rules: impl Iterator<Item = (usize, &'r Listed)>) -> Option<Built> {
    let mut texts: Vec<String> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    let mut number = |word: &str| {
        *numbers.entry(word.to_owned()).or_insert_with(|| {
            texts.push(word.to_owned());
            texts.len() - 1
        })
    };
    let secret: Vec<usize> = SECRET.iter().map(|word| number(word)).collect();
    let public: Vec<usize> = PUBLIC.iter().map(|word| number(word)).collect();
    let mut alternatives = Vec::new();
    for (rule, named) in rules {
        let generic = named.id.contains("generic");
        for listed in named.names()?.alternatives() {
            let last = listed.iter().find_map(|word| word.strip_suffix(LAST)).map(str::to_owned);
            let bare = |word: &String| number(word.trim_end_matches(LAST));
            let mut words: Vec<usize> = listed.iter().map(bare).collect();
            words.sort_unstable();
            words.dedup();
            let open = words.iter().any(|w| public.contains(w));
            alternatives.push(Alternative { rule, words, last, public: open, generic });
        }
    }
    let mut uses = vec![0; texts.len()];
    alternatives.iter().flat_map(|a| &a.words).for_each(|word| uses[*word] += 1);
    let mut words: Vec<Word> = texts.iter().map(|_| Word::default()).collect();
    secret.iter().for_each(|word| words[*word].secret = true);
    public.iter().for_each(|word| words[*word].public = true);
    for (index, alternative) in alternatives.iter().enumerate() {
        let rarest = alternative.words.iter().min_by_key(|word| uses[**word])?;
        words[*rarest].leads.push(index);
    }
    // Names are short and many: a DFA costs a millisecond, once, and halves what each costs.
    let kind = Some(AhoCorasickKind::DFA);
    let automaton = AhoCorasick::builder().kind(kind).build(&texts).ok()?;
    Some(Built { automaton, words, alternatives })
}

/// Hash functions, as they are written before what they make: `sha256=…`.
const HASHES: [&str; 6] = ["sha256", "sha512", "sha384", "sha224", "sha1", "md5"];
/// More letters than such a name has.
const MAX_LABEL: usize = 16;

/// Whether a value may be drawn at random: words are no secrets of this kind, whatever they are
/// assigned to, nor is what says itself that it is a hash, a fingerprint and the like.
fn may_be_drawn(value: &[u8]) -> bool {
    // The number of an account before hexadecimal digits tells nothing of these: `1/0f3a…`.
    let own = match value.iter().position(|byte| *byte == b'/') {
        Some(at) if value[..at].iter().all(u8::is_ascii_digit) => &value[at + 1..],
        _ => value.strip_prefix(b"base64:").unwrap_or(value),
    };
    !is_labelled(value) && randomness::evidence(own).bits >= 0.0
}

/// Whether a value begins with a name of what is no secret: `sha256-…`, `fingerprint=…`.
fn is_labelled(value: &[u8]) -> bool {
    let letters = value.iter().take(MAX_LABEL).take_while(|b| b.is_ascii_alphanumeric()).count();
    let (label, rest) = value.split_at(letters);
    let is = |words: &[&str]| words.iter().any(|word| label.eq_ignore_ascii_case(word.as_bytes()));
    match rest.first() {
        Some(b'=') => is(&HASHES) || is(&PUBLIC),
        Some(b':' | b'-') => is(&HASHES),
        _ => false,
    }
}

impl Matcher<'_> {
    /// Whether the value whose run begins at `at` may be a secret. Looks no farther than
    /// [`BEFORE`] and [`AHEAD`].
    pub(super) fn may_be_assigned(&self, bytes: &[u8], at: usize) -> bool {
        let from = at.saturating_sub(BEFORE);
        let near = &bytes[from..bytes.len().min(at + AHEAD)];
        let read = unescaped_around(near, at - from);
        read.is_some_and(|(text, run)| self.may_be_secret(&text.bytes, run))
            || self.may_be_secret(near, at - from)
    }

    /// The same of a run in text of which no more is to be seen.
    fn may_be_secret(&self, near: &[u8], run: usize) -> bool {
        assignment::readings(near, run).any(|assigned| {
            let rules = self.spoken_for(near, &assigned);
            if rules.is_empty() {
                return false;
            }
            let raw = &near[assigned.value.range()];
            let plain = assignment::unescaped(raw);
            let value = plain.as_ref().map_or(raw, |plain| plain.as_slice());
            // A value that goes on may yet fit.
            let cut = assigned.value.end == near.len();
            if !cut && !may_be_drawn(value) {
                return false;
            }
            rules.iter().any(|rule| cut || self.rules.rules[*rule].pattern.is_match(value))
        })
    }

    /// The rules that speak for an assignment.
    fn spoken_for(&self, text: &[u8], assigned: &Assigned) -> Vec<usize> {
        let Assigned { name, wide, .. } = assigned;
        let (written, start) = (&text[wide.range()], name.start - wide.start);
        let number = self.names.number;
        if SILENCE.with_borrow(|silence| silence.holds(number, written, start)) {
            return Vec::new();
        }
        let mut reading = READING.take();
        reading.name.read(written);
        let narrow = written[..start].iter().filter(|b| b.is_ascii_alphanumeric()).count();
        let rules = self.names.rules(&mut reading, narrow);
        READING.set(reading);
        if rules.is_empty() {
            SILENCE.with_borrow_mut(|silence| silence.note(number, written, start));
        }
        rules
    }

    /// Adds what the value is whose run begins at a candidate.
    pub(super) fn assigned(&self, bytes: &[u8], candidate: Candidate, found: &mut Found) {
        let from = candidate.at.saturating_sub(BEFORE);
        let (text, run) = (&bytes[from..], candidate.at - from);
        if let Some((decoded, run)) = unescaped_around(text, run) {
            let before = found.matches.len();
            let near = Near { text: &decoded.bytes, from, decoded: Some(&decoded) };
            self.read_all(&near, run, candidate, found);
            if found.matches.len() > before {
                return;
            }
        }
        self.read_all(&Near { text, from, decoded: None }, run, candidate, found);
    }

    fn read_all(&self, near: &Near<'_>, run: usize, candidate: Candidate, found: &mut Found) {
        for assigned in assignment::readings(near.text, run) {
            let before = found.matches.len();
            self.read_as(near, &assigned, candidate, found);
            let told = &found.matches[before..];
            if told.iter().any(|m| !self.rules.rules[m.rule].is_generic()) {
                break;
            }
        }
    }

    fn read_as(
        &self,
        near: &Near<'_>,
        assigned: &Assigned,
        candidate: Candidate,
        found: &mut Found,
    ) {
        let raw = &near.text[assigned.value.range()];
        let plain = assignment::unescaped(raw);
        let value = plain.as_ref().map_or(raw, |plain| plain.as_slice());
        if !may_be_drawn(value) {
            return;
        }
        for index in self.spoken_for(near.text, assigned) {
            let rule = &self.rules.rules[index];
            if value.len() > rule.longest {
                continue;
            }
            let captures = rule.pattern.regex().and_then(|regex| regex.captures(value));
            let Some(captured) = captures.and_then(|c| Captured::new(rule, &c)) else { continue };
            let Captured { secret, body, .. } = captured;
            let start = assigned.value.start;
            let at = |index| if raw.len() == value.len() { index } else { written(raw, index) };
            let whole = Span::new(assigned.name.start, assigned.value.end);
            let span = near.source(Span::new(start + at(secret.start), start + at(secret.end)));
            let is_encoded = near.decoded.is_some() && span.len() != secret.len();
            found.matches.push(Match {
                rule: index,
                span,
                whole: near.source(whole),
                secret: Secret::new(&value[secret.range()], 0),
                matched: Zeroizing::new(near.text[whole.range()].into()),
                body: Span::new(body.start - secret.start, body.end - secret.start),
                uuid: None,
                exact: rule.form.as_ref().is_some_and(|f| f.is_match(&value[body.range()])),
                layers: if is_encoded { vec![Layer::Escape] } else { Vec::new() },
                candidate: Some(candidate),
                swept: None,
            });
        }
    }
}

/// Text around a run, as it is or decoded.
struct Near<'t> {
    text: &'t [u8],
    /// Where it begins in the content.
    from: usize,
    decoded: Option<&'t Text>,
}

impl Near<'_> {
    /// Where a part of the text is in the content.
    fn source(&self, part: Span) -> Span {
        let part = self.decoded.map_or(part, |text| text.source(part));
        Span::new(self.from + part.start, self.from + part.end)
    }
}

/// The text around a run behind an escaped sign, such as `&quot;`, without its escapes, and where the
/// run is in it.
fn unescaped_around(near: &[u8], run: usize) -> Option<(Text, usize)> {
    let origin = assignment::escape_before(near, run)?;
    let (text, sign) = decode::unescaped_around(near, origin, REACH)?;
    let rest = text.bytes.get(sign..)?;
    let run = sign + rest.iter().position(|byte| is_token(*byte))?;
    let own = text.bytes[run..].iter().take(RUN).take_while(|byte| is_token(**byte)).count();
    (own == RUN).then_some((text, run))
}
