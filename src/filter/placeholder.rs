//! Tells documentation samples from keys: what a writer types where a key would stand.
//!
//! Every check is made so narrow that a random body of 20 characters or more, in any alphabet that
//! keys are drawn from, trips one with a chance below 10^-6: `measure_chance` had 2 of 26 million,
//! before the checks behind those two were made narrower still.
//!
//! Not here: text that is merely not random (`randomness`).

use sha2::{Digest, Sha256};
use std::fmt;

/// Why a body is a sample and not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// One character, or one short piece, over and over.
    Repeated,
    /// Characters that count up or down, or follow a keyboard's rows.
    Sequence,
    /// A word that says so.
    SampleWord(&'static str),
    /// Part of it is masked with stars, dots or a run of `x`.
    Masked,
    /// A template puts the value in later.
    Template,
    /// A digest of `test`, of nothing, or of another input that everybody tries.
    KnownDigest,
    /// A key or UUID printed in public documentation.
    Published,
}

impl fmt::Display for Placeholder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => out.write_str("repeats one character or one short piece"),
            Self::Sequence => out.write_str("is a counting sequence or a keyboard walk"),
            Self::SampleWord(word) => write!(out, "says that it is a sample: \"{word}\""),
            Self::Masked => out.write_str("is masked or shortened"),
            Self::Template => out.write_str("is a template that is filled in elsewhere"),
            Self::KnownDigest => out.write_str("is the digest of a common test input"),
            Self::Published => out.write_str("is a sample from public documentation"),
        }
    }
}

/// Six-byte starts of digests, sorted; `scripts/digests.py` makes them.
static DIGESTS: &[u8] = include_bytes!("known_digests.bin");
const DIGEST_BYTES: usize = 6;

/// First eight bytes of the SHA-256 of published bodies: sample keys of Stripe's documentation, keys of
/// Google's own samples, UUIDs (lower-case) that standards and manuals use as examples, the tokens in the
/// examples of OAuth (RFC 5849, 6749, 6750, 7009, 7636), of Telegram's and Docker's manuals, the
/// project of Infura that all tutorials have, and the key with which Yarn searches.
const PUBLISHED: &[u64] = &[
    0x153a_1825_8645_1358,
    0x74e1_1884_b07b_1d51,
    0x740f_f49a_f25d_70c2,
    0xc1c4_5784_935e_da01,
    0x9b64_dc2a_04f6_43af,
    0x9b79_e401_4755_e26f,
    0xe585_5ff4_8799_c52c,
    0x9ba5_3bcd_10e9_193d,
    0xfa7d_6c8d_dbcc_290e,
    0x124a_fceb_e52a_d4a2,
    0x30a5_154b_77ab_8b2d,
    0xa3a9_e1ed_9732_cab2,
    0x986c_0dc9_56dc_822b,
    0x203f_a897_acf2_b02d,
    0xc7aa_09cd_25da_8b6a,
    0x0aca_198e_e797_9a67,
    0x8f40_0c25_7611_ed5d,
    0x5c28_b202_2dca_14af,
    0x0770_3eb4_0e2f_1d68,
    0x5664_72f4_df93_4614,
    0x97aa_6b16_caac_89e3,
    0x8733_fe09_5912_7882,
    0x3361_33f6_82fe_aa0e,
    0xcf34_1b9c_95e8_4cb7,
    0x0243_0553_aacd_4244,
    0xf127_6545_83e7_e2d1,
    0x64db_43ad_5a6c_69f5,
    0x00d8_0426_e5f9_a1e0,
    0x991f_7455_fc2a_95cb,
    0x6530_c104_f485_b41e,
    0xe4ce_6086_34a7_f4d0,
    0x0671_4ae7_1d8e_2c1c,
    0x1a3f_9585_e009_bd49,
    0x4c20_e6f5_cc11_b937,
    0x6c96_130f_130a_b0d6,
    0x00cf_4c78_1dc3_7003,
    0xca74_59e2_b267_76de,
    0x584b_27d6_4ebc_1b33,
    0xea9b_dfd0_2c0c_412c,
    0x2ff8_b0fb_93ac_a981,
    0xbb9b_1163_338b_2a51,
    0x80f8_b7c9_04d4_a43f,
    0xcb87_c87e_4a13_8d9a,
    0x649e_1f5c_769e_718b,
    0x2932_57ab_6495_ebb1,
    0x6aa1_4267_d949_44e6,
    0xc20f_bc2b_9618_3894,
    0xb87d_ad10_a32a_2d81,
    0x53f5_da0a_aa93_d64c,
    0xe997_4c50_7d2a_8021,
    0xa35b_81a7_d792_7b70,
    0xb8e1_4854_5b13_c78b,
    0x13d3_1e96_1a1a_d8ec,
    0x0d29_9b1e_b548_708d,
    0x2c1e_94b8_ab9f_8cdd,
    0x130b_21a2_cffe_d4eb,
    0xa75e_aefe_24cf_ff3a,
    0x9f4f_ba76_6ed6_b56b,
    0xbfce_2fc5_e294_5b92,
    0x5e32_825e_7048_a880,
    0xc029_95ef_ffd5_7c85,
    0x5d6e_eff5_64ca_ad6d,
    0x2f21_fd9c_8167_8e39,
];

/// Words that count wherever they stand. Seven letters or more: at 97 random characters, a given
/// word of seven is there, case apart, once in 3*10^8.
const LONG_WORDS: &[&str] = &[
    "changeme",
    "changeit",
    "change_me",
    "change-me",
    "placeholder",
    "placehere",
    "redacted",
    "example",
    "replace",
    "removed",
    "notreal",
    "not_real",
    "not-real",
    "not_a_real",
    "not-a-real",
    "notareal",
    "secretkeyhere",
    "secret_here",
    "secret-here",
    "keyhere",
    "key_here",
    "key-here",
    "token_here",
    "token-here",
    "tokenhere",
    "goes_here",
    "goes-here",
    "goeshere",
    "yourkey",
    "your_key",
    "your-key",
    "your_api",
    "your-api",
    "yourapi",
    "your_secret",
    "your-secret",
    "yoursecret",
    "your_token",
    "your-token",
    "yourtoken",
    "insert_",
    "insert-",
    "put_your",
    "put-your",
    "do_not_use",
    "do-not-use",
    "deadbeef",
    "cafebabe",
    "feedface",
    "decafbad",
    "invalid_",
    "invalid-",
    "foobarbaz",
    "obfuscated",
    "super_secret",
    "supersecret",
    "secretpart",
    "testtest",
    "fake_key",
    "fake-key",
    "loremipsum",
];

/// Words that count as a piece between separators or ends.
const SHORT_WORDS: &[&str] = &[
    "your", "fake", "todo", "fixme", "dummy", "sample", "insert", "mock", "masked", "hidden",
    "foobar", "enter", "paste", "bogus", "xxxxx", "here",
];

/// Rows of a keyboard, one after another.
const KEYBOARD: &[u8] = b"qwertyuiopasdfghjklzxcvbnm";

/// A body as long as this is of several parts.
const LONG: usize = 100;

/// Fewer characters than this say too little to be called repeated or counted.
const LEAST: usize = 8;

/// Why `body` (a token without its prefix) is a placeholder, or none.
pub fn reason(body: &[u8]) -> Option<Placeholder> {
    if is_template(body) {
        return Some(Placeholder::Template);
    }
    if is_masked(body) {
        return Some(Placeholder::Masked);
    }
    if let Some(word) = sample_word(body) {
        return Some(Placeholder::SampleWord(word));
    }
    uuid_reason(body).or_else(|| is_known_digest(body).then_some(Placeholder::KnownDigest))
}

/// The same for a UUID, where words and masks cannot be: nil, all the same, counting, published.
pub fn uuid_reason(uuid: &[u8]) -> Option<Placeholder> {
    if is_repeated(uuid) {
        Some(Placeholder::Repeated)
    } else if is_sequence(uuid) {
        Some(Placeholder::Sequence)
    } else {
        is_published(uuid).then_some(Placeholder::Published)
    }
}

/// `${…}`, `{{…}}`, `<…>`, `$VAR`, `#{…}`, `%s`, unless brackets are there as only chance sets them.
fn is_template(body: &[u8]) -> bool {
    let named = body.iter().enumerate().any(|(at, sign)| match sign {
        b'$' => is_variable(&body[at + 1..], at == 0),
        b'%' => is_directive(&body[at + 1..]),
        _ => false,
    });
    let opens = body.iter().position(|&byte| byte == b'<');
    let angle = opens.is_some_and(|at| body.iter().skip(at).any(|&byte| byte == b'>'));
    named || angle && nesting(body) != Nesting::Broken || has_braces(body)
}

/// Whether braces stand there as in a template: in pairs, doubled, behind a sign, or at an end, where the
/// rest of it was cut off.
fn has_braces(body: &[u8]) -> bool {
    let is_lead = |pair: &[u8]| match pair {
        [lead, b'{'] => b"{$#%@\\".contains(lead),
        pair => pair == b"}}",
    };
    match nesting(body) {
        Nesting::Broken => false,
        Nesting::Pairs => body.iter().any(|byte| matches!(byte, b'{' | b'}')),
        Nesting::None => {
            let cut = matches!(body, [b'{' | b'}', ..]) || matches!(body, [.., b'{' | b'}']);
            cut || body.windows(2).any(is_lead)
        }
    }
}

/// Whether what stands behind a dollar sign is the name of a variable, or a command: among other
/// characters, a name has three letters or more and no digits but at its end, as chance seldom has.
fn is_variable(rest: &[u8], begins: bool) -> bool {
    let is_named = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = &rest[..rest.iter().position(|byte| !is_named(byte)).unwrap_or(rest.len())];
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let letters = &name[..name.len() - digits];
    match rest.first() {
        Some(b'(') => true,
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            let changes =
                name.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit());
            match begins {
                true => changes.count() < MIXED,
                false => letters.len() >= 3 && !letters.iter().any(u8::is_ascii_digit),
            }
        }
        _ => false,
    }
}

/// From letters to digits and back: no name of a variable has so many changes.
const MIXED: usize = 6;

/// Whether what stands behind a percent sign makes it the place of a value.
fn is_directive(rest: &[u8]) -> bool {
    match rest {
        [b'(', ..] => true,
        [b's' | b'v', rest @ ..] => !rest.first().is_some_and(u8::is_ascii_alphanumeric),
        _ => false,
    }
}

/// How the brackets of a text go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// No bracket closes another.
    None,
    /// Some close others, each the last one that was opened: a program, a template, a part of one.
    Pairs,
    /// One closes another of another kind: chance does that, or a hand that types at random.
    Broken,
}

/// How the brackets of `text` go together; those of `->` and `=>` are none.
pub fn nesting(text: &[u8]) -> Nesting {
    let mut open = Vec::new();
    let mut nesting = Nesting::None;
    let mut before = 0;
    for &byte in text {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b'<' => open.push(b'>'),
            b'>' if matches!(before, b'-' | b'=') => {}
            b')' | b']' | b'}' | b'>' => match open.pop() {
                Some(due) if due == byte => nesting = Nesting::Pairs,
                Some(_) => return Nesting::Broken,
                None => {}
            },
            _ => {}
        }
        before = byte;
    }
    nesting
}

/// Stars, bullets, ellipses, three dots, nothing but signs; or six `x` in a row, which a random base36
/// body of 48 characters holds once in 5*10^7.
fn is_masked(body: &[u8]) -> bool {
    let runs = |length: usize, mask: u8| {
        body.windows(length)
            .any(|window| window.iter().all(|byte| byte.to_ascii_lowercase() == mask))
    };
    let marks = ["\u{2022}", "\u{2026}", "\u{25cf}", "\u{2588}", "\u{00b7}\u{00b7}"];
    let says_something = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    !body.is_empty() && !body.iter().any(says_something)
        || runs(3, b'*')
        || runs(3, b'.')
        || runs(6, b'x')
        || marks.iter().any(|mark| contains(body, mark.as_bytes()))
}

fn sample_word(body: &[u8]) -> Option<&'static str> {
    let long = LONG_WORDS.iter().find(|word| contains(body, word.as_bytes()));
    // Chance does not keep to one case.
    let written = |piece: &&[u8]| {
        let rest = piece.get(1..).unwrap_or_default();
        rest.iter().all(u8::is_ascii_lowercase) || piece.iter().all(u8::is_ascii_uppercase)
    };
    let pieces = || body.split(|byte| !byte.is_ascii_alphanumeric()).filter(written);
    let short = || {
        SHORT_WORDS
            .iter()
            .find(|word| pieces().any(|piece| piece.eq_ignore_ascii_case(word.as_bytes())))
    };
    long.or_else(short).copied()
}

/// Whether `word` is somewhere in the body, case apart.
fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Letters and digits alone: a UUID's dashes break no pattern.
fn significant(body: &[u8]) -> impl DoubleEndedIterator<Item = u8> + Clone {
    body.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// A period of at most half the body, three different characters or fewer, or ten of one in a row, and a
/// quarter of what is long: numbers in keys have bits that are all alike, and lines begin with blanks.
fn is_repeated(body: &[u8]) -> bool {
    let length = significant(body).count();
    if length < LEAST {
        // Nearly all of it is dashes.
        let is_own = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        return body.len() >= 2 * LEAST && body.iter().all(is_own);
    }
    let mut seen = [0u8; 3];
    let mut kinds = 0;
    for byte in significant(body) {
        if !seen.iter().take(kinds).any(|&known| known == byte) {
            match seen.get_mut(kinds) {
                Some(slot) => *slot = byte,
                None => {
                    kinds += 1;
                    break;
                }
            }
            kinds += 1;
        }
    }
    let periodic = |period: usize| {
        significant(body).zip(significant(body).skip(period)).all(|(early, late)| early == late)
    };
    let run = if length < LONG { RUN } else { length / 4 };
    (kinds <= 3 && length >= 12) || has_run_of(body, run) || (1..=32.min(length / 2)).any(periodic)
}

/// So many of one character in a row are no chance.
const RUN: usize = 10;

/// Whether one character stands there ten times in a row: in a long body that may be a number of a key,
/// where nothing says that it is a key it is none.
pub fn has_run(body: &[u8]) -> bool {
    has_run_of(body, RUN)
}

fn has_run_of(body: &[u8], run: usize) -> bool {
    let is_one = |window: &[u8]| {
        window.first().is_some_and(|first| !first.is_ascii_whitespace())
            && window.iter().all(|byte| Some(byte) == window.first())
    };
    body.windows(run).any(is_one)
}

/// How one character follows another.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Same,
    Up,
    Down,
    Right,
    Left,
}

const STEPS: [Step; 5] = [Step::Same, Step::Up, Step::Down, Step::Right, Step::Left];

impl Step {
    /// Whether `late` follows `early` (both lower-case). Counting goes on from 9 to 0 or a, and from
    /// f (in hex) or z to where it began.
    fn joins(self, early: u8, late: u8) -> bool {
        match self {
            Self::Same => early == late,
            Self::Up => {
                late == early.wrapping_add(1)
                    || matches!(
                        (early, late),
                        (b'9', b'0' | b'a') | (b'0', b'a') | (b'f' | b'z', b'0' | b'a')
                    )
            }
            Self::Down => Self::Up.joins(late, early),
            Self::Right => KEYBOARD.windows(2).any(|pair| pair == [early, late]),
            Self::Left => Self::Right.joins(late, early),
        }
    }
}

/// Whether most of the body counts: a run of ten characters, runs of five over three fifths of it,
/// or runs of three over four fifths. Interleaved (`a1b2c3…`, `aabbcc…`) counts too.
fn is_sequence(body: &[u8]) -> bool {
    let length = significant(body).count();
    if length < LEAST {
        return false;
    }
    let mut runs = Runs::default();
    // Where one of many parts is all alike, `is_repeated` tells.
    let counts = |step: Option<Step>| length < LONG || step != Some(Step::Same);
    let mut step: Option<Step> = None;
    let mut run = 1;
    for (early, late) in significant(body).zip(significant(body).skip(1)) {
        if step.is_some_and(|step| step.joins(early, late)) {
            run += 1;
            continue;
        }
        runs.add(run, counts(step));
        step = STEPS.into_iter().find(|step| step.joins(early, late));
        // The character before opened this run, unless it closed the last one.
        run = if step.is_some() && run < 3 { 2 } else { 1 };
    }
    runs.add(run, counts(step));
    runs.longest >= 10
        || runs.of_five * 5 >= length * 3
        || runs.of_three * 5 >= length * 4
        || is_interleaved(body)
}

/// Characters in runs of at least so many.
#[derive(Default)]
struct Runs {
    longest: usize,
    of_five: usize,
    of_three: usize,
}

impl Runs {
    fn add(&mut self, run: usize, counts: bool) {
        self.longest = self.longest.max(if counts { run } else { 0 });
        self.of_five += if run >= 5 { run } else { 0 };
        self.of_three += if run >= 3 { run } else { 0 };
    }
}

/// Whether every second character counts up, both ways of pairing, over ten characters that are most
/// of the body, or over fourteen: of 10^6 random bodies of 64 hex digits, one held ten.
fn is_interleaved(body: &[u8]) -> bool {
    let length = significant(body).count();
    let mut run = 2;
    for (early, late) in significant(body).zip(significant(body).skip(2)) {
        run = if Step::Up.joins(early, late) { run + 1 } else { 2 };
        if run >= 14 || (run >= 10 && run * 5 >= length * 3) {
            return true;
        }
    }
    false
}

/// Whether a hex body of 16 digits or more begins as a well-known digest does.
fn is_known_digest(body: &[u8]) -> bool {
    if body.len() < 16 || !body.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    let mut start = [0u8; DIGEST_BYTES];
    for (byte, pair) in start.iter_mut().zip(body.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |sum, half| (sum << 4) | digit(half) as u8);
    }
    DIGESTS.chunks_exact(DIGEST_BYTES).any(|known| known == start)
}

fn is_published(body: &[u8]) -> bool {
    let mut digest = Sha256::new();
    if body.len() == 36 && body.get(8) == Some(&b'-') {
        digest.update(body.to_ascii_lowercase());
    } else {
        digest.update(body);
    }
    let start =
        digest.finalize().iter().take(8).fold(0u64, |sum, &byte| (sum << 8) | u64::from(byte));
    PUBLISHED.contains(&start)
}

#[cfg(test)]
#[path = "placeholder_tests.rs"]
mod tests;
