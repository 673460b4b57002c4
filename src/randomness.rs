//! How much evidence a body holds that it was drawn at random.
//!
//! A likelihood ratio: what the body costs in bits under a model of names, less what it costs when
//! every character of its own alphabet is as likely as another. The model is a table of character
//! bigrams that also knows whether a vowel or a consonant came before the two, and has a price for
//! every change of case; `scripts/bigrams.py` makes it from word lists and source code.
//! Nought says that nothing can be told, and each ten bits more are odds of a thousand to one.
//!
//! Not here: whether a random-looking body is a documentation sample (`placeholder`), and what a
//! rule does with the figure.

/// `-log2 P` in sixteenths of a bit; the layout is in `scripts/bigrams.py`.
static PRICES: &[u8; 4937] = include_bytes!("bigrams.bin");
/// Bits from which on a body is more likely drawn than named.
///
/// Of 10^6 random bodies (`measure_random`), 83 of 20 characters of base36 fall short, 65 of
/// base64url, 22 of base62, none of hex; at 32 characters five of base36 with separators, one of
/// base64url and none of the others.
/// Of 102,049 distinct names of 20 characters and more in rails, cargo, argo-cd and 103 crates
/// (`measure_names`), six reach it that are no samples, repetitions, sequences or test tokens:
/// `x86_64-lynx-lynxos178`, `pbeWithSHAAnd40BitRC4` and their like. The median name has -79 bits. Of
/// 25,130 names of 24 characters and more with separators in the first three, four do by being taken
/// for base36 with separators, `gke-alpha-01-europe-west1` among them.
pub const LIKELY: f64 = 1.0;

/// Bits from which on nothing else is believed.
///
/// One of those names reaches it: `sTaNdArD_cOnFoRmInG_StRiNgS`. It is no threshold for short bodies:
/// of 10^6 random ones, 21,127 fall short at 20 characters of base36, 282 at 32, 15 at 40; of
/// base64url 89 at 32 and 4 at 43; of base62 18 at 32; of hex 17 at 32.
pub const CERTAIN: f64 = 20.0;

const PER_BIT: f64 = 16.0;
const COLUMNS: usize = 40;
const START: usize = 40;
const PLANE: usize = (START + 1) * COLUMNS;
const CASES: usize = 3 * PLANE;
const HUMP: usize = CASES + 16;

/// The set of characters that a body is drawn from: the smallest that holds all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// `0-9`.
    Decimal,
    /// `0-9` and `a-f` or `A-F`, not both cases.
    Hex,
    /// Hex in groups of 8-4-4-4-12.
    Uuid,
    /// `0-9` and letters of one case.
    Base36,
    /// `0-9` and `a-z` with `-`, `_` and `=`, if it is long.
    Base36Url,
    /// `0-9`, `a-z`, `A-Z`.
    Base62,
    /// Base62 with `+` and `/`, perhaps padded with `=`.
    Base64,
    /// Base62 with `-`, `_` and `=`.
    Base64Url,
    /// Anything else: no key is written so, and every byte is priced at eight bits at most.
    Other,
}

impl Alphabet {
    /// Bits that a character carries when it is drawn at random.
    pub fn bits(self) -> f64 {
        match self {
            Self::Decimal => std::f64::consts::LOG2_10,
            Self::Hex | Self::Uuid => 4.0,
            Self::Base36 => 5.169_925_001_442_312,
            Self::Base36Url => 5.285_402_218_862_249,
            Self::Base62 => 5.954_196_310_386_875,
            Self::Base64 | Self::Base64Url => 6.0,
            Self::Other => 8.0,
        }
    }

    /// The smallest alphabet that holds the whole body; padding does not count.
    pub fn of(body: &[u8]) -> Self {
        let mut seen = Seen::default();
        unpadded(body).iter().for_each(|&byte| seen.add(byte));
        match seen {
            Seen { other: true, .. } | Seen { dash: true, plus: true, .. } => Self::Other,
            Seen { dash: true, .. } if is_uuid(body) => Self::Uuid,
            // Short names are written so more often than short keys are, and those in capitals always.
            Seen { dash: true, upper: false, digit: true, .. } if body.len() >= SLUG => {
                Self::Base36Url
            }
            Seen { dash: true, .. } => Self::Base64Url,
            Seen { plus: true, .. } => Self::Base64,
            Seen { lower: true, upper: true, .. } => Self::Base62,
            Seen { beyond_hex: true, .. } => Self::Base36,
            Seen { lower: false, upper: false, .. } => Self::Decimal,
            _ => Self::Hex,
        }
    }
}

/// What [`evidence`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Binary logarithm of how much better chance explains the body than the model of names does.
    pub bits: f64,
    /// The alphabet that was taken for drawn from.
    pub alphabet: Alphabet,
}

/// Bytes from which on a body may be drawn from letters of one case, digits and separators.
const SLUG: usize = 24;

/// Pieces shorter than this are not weighed for themselves.
const PIECE: usize = 20;

/// What it costs a piece to have been picked out of its body.
const PICKED: f64 = 6.0;

/// Weighs a body, in time linear in its length and without allocating.
///
/// A UUID is weighed without its dashes, base64 without its padding. Where a separator makes the
/// alphabet larger than the random part needs (`live_` and 64 hex digits), the longest piece of letters
/// and digits is weighed for itself too, and the longest of those with `-`, `_` and `=`; the best
/// counts. Any bytes may come in; the prefix of the token should not.
pub fn evidence(body: &[u8]) -> Evidence {
    let whole = weigh(body);
    if !matches!(whole.alphabet, Alphabet::Base36Url | Alphabet::Base64Url | Alphabet::Other) {
        return whole;
    }
    let plain = longest(body, |byte| byte.is_ascii_alphanumeric());
    let slug = longest(body, |byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte));
    let counts = |piece: &&[u8]| piece.len() >= PIECE && !is_uuid(piece);
    [plain, slug].into_iter().filter(counts).map(weigh).fold(whole, |best, part| {
        let bits = part.bits - PICKED;
        if bits > best.bits { Evidence { bits, ..part } } else { best }
    })
}

/// The longest piece of a body between characters that do not count.
fn longest(body: &[u8], counts: impl Fn(u8) -> bool) -> &[u8] {
    body.split(|byte| !counts(*byte)).max_by_key(|piece| piece.len()).unwrap_or_default()
}

fn weigh(body: &[u8]) -> Evidence {
    let alphabet = Alphabet::of(body);
    let mut name = Name::default();
    let mut weighed = 0.0;
    for &byte in unpadded(body) {
        if alphabet != Alphabet::Uuid || byte != b'-' {
            name.add(byte);
            weighed += 1.0;
        }
    }
    Evidence { bits: name.sixteenths as f64 / PER_BIT - weighed * alphabet.bits(), alphabet }
}

/// Reads a body as a name, and sums up what it costs.
struct Name {
    sixteenths: u64,
    /// What kind of character came before the one before.
    plane: usize,
    before: usize,
    case: Case,
    /// Whether a digit or a separator came since the last letter.
    across: bool,
}

/// The case of the last letter.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    None = 0,
    Lower = 1,
    FirstUpper = 2,
    FurtherUpper = 3,
}

impl Default for Name {
    fn default() -> Self {
        Self { sixteenths: 0, plane: 0, before: START, case: Case::None, across: false }
    }
}

impl Name {
    fn add(&mut self, byte: u8) {
        let now = symbol(byte);
        if byte.is_ascii_alphabetic() {
            self.change_case(byte.is_ascii_uppercase());
            self.across = false;
        } else {
            self.across = true;
        }
        self.pay(self.plane * PLANE + self.before * COLUMNS + now);
        self.plane = match self.before {
            0 | 4 | 8 | 14 | 20 | 24 => 1,
            before if before < 26 => 2,
            _ => 0,
        };
        self.before = now;
    }

    /// A capital after a small letter is a camel hump: a word starts there.
    fn change_case(&mut self, upper: bool) {
        if self.case == Case::Lower && !self.across {
            if upper {
                self.pay(HUMP);
                (self.plane, self.before) = (0, START);
            }
        } else {
            let row = self.case as usize + if self.across { 4 } else { 0 };
            self.pay(CASES + 2 * row + usize::from(upper));
        }
        let run = matches!(self.case, Case::FirstUpper | Case::FurtherUpper) && !self.across;
        self.case = match (upper, run) {
            (false, _) => Case::Lower,
            (true, false) => Case::FirstUpper,
            (true, true) => Case::FurtherUpper,
        };
    }

    fn pay(&mut self, index: usize) {
        self.sixteenths += u64::from(PRICES.get(index).copied().unwrap_or(u8::MAX));
    }
}

/// The column of a byte in the table.
fn symbol(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'A'..=b'Z' => usize::from(byte - b'A'),
        b'0'..=b'9' => usize::from(byte - b'0') + 26,
        b'_' => 36,
        b'-' => 37,
        b'.' => 38,
        _ => 39,
    }
}

/// Which kinds of characters a body holds.
#[derive(Default)]
struct Seen {
    digit: bool,
    lower: bool,
    upper: bool,
    beyond_hex: bool,
    dash: bool,
    plus: bool,
    other: bool,
}

impl Seen {
    fn add(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' => self.digit = true,
            b'a'..=b'z' => self.lower = true,
            b'A'..=b'Z' => self.upper = true,
            b'-' | b'_' | b'=' => self.dash = true,
            b'+' | b'/' => self.plus = true,
            _ => self.other = true,
        }
        self.beyond_hex |= byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit();
    }
}

/// The body without up to two `=` at its end.
fn unpadded(body: &[u8]) -> &[u8] {
    let once = body.strip_suffix(b"=").unwrap_or(body);
    once.strip_suffix(b"=").unwrap_or(once)
}

/// Whether the body is written as a UUID, in either case.
pub(crate) fn is_uuid(body: &[u8]) -> bool {
    body.len() == 36
        && body.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
#[path = "randomness_tests.rs"]
pub(crate) mod tests;
