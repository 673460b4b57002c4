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
const PRICES: &[u8; 4937] = include_bytes!("bigrams.bin");
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
    /// Base62 with the signs of both.
    Mixed,
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
            Self::Mixed => 6.066_089_190_457_772,
            Self::Other => 8.0,
        }
    }

    /// The smallest alphabet that holds the whole body; padding does not count.
    pub fn of(body: &[u8]) -> Self {
        let kinds = Kinds::of(unpadded(body));
        let has = |kind| kinds.has(kind);
        let is_mixed = has(Kinds::DASH) && has(Kinds::PLUS);
        if has(Kinds::OTHER) || is_mixed && body.len() < MIXED {
            Self::Other
        } else if is_mixed {
            Self::Mixed
        } else if has(Kinds::DASH) {
            match has(Kinds::DIGIT) && !has(Kinds::UPPER) {
                _ if is_uuid(body) => Self::Uuid,
                // Short names are written so more often than short keys are, and those in capitals
                // always.
                true if body.len() >= SLUG => Self::Base36Url,
                _ => Self::Base64Url,
            }
        } else if has(Kinds::PLUS) {
            Self::Base64
        } else if has(Kinds::LOWER) && has(Kinds::UPPER) {
            Self::Base62
        } else if has(Kinds::BEYOND_HEX) {
            Self::Base36
        } else if has(Kinds::LOWER | Kinds::UPPER) {
            Self::Hex
        } else {
            Self::Decimal
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

/// Bytes from which on a body may have the signs of both kinds of base64: shorter ones are paths.
const MIXED: usize = 40;

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
    if !matches!(
        whole.alphabet,
        Alphabet::Base36Url | Alphabet::Base64Url | Alphabet::Mixed | Alphabet::Other
    ) {
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

/// The same of a body that was drawn from `characters` different ones, if it has others than letters,
/// digits and the signs of base64.
pub fn evidence_among(body: &[u8], characters: u32) -> Evidence {
    let Evidence { bits, alphabet } = weigh(body);
    if alphabet != Alphabet::Other {
        return evidence(body);
    }
    let spared = Alphabet::Other.bits() - f64::from(characters).log2();
    Evidence { bits: bits + unpadded(body).len() as f64 * spared, alphabet }
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

/// Reads a body as a name, and sums up what it costs. Bodies are read by the million, and what comes
/// next in one cannot be guessed: so all is looked up, and nothing is a matter of branches.
struct Name {
    sixteenths: u64,
    /// Where the table has the prices of what comes next.
    row: usize,
    /// The plane of the row behind that.
    plane: usize,
    /// The number of the case of the last letter; four more if a digit or a separator came since.
    state: usize,
}

/// The case of the last letter; nought before the first one.
#[derive(Clone, Copy)]
enum Case {
    Lower = 1,
    FirstUpper = 2,
    FurtherUpper = 3,
}

impl Default for Name {
    fn default() -> Self {
        Self { sixteenths: 0, row: START * COLUMNS, plane: PLANES[START], state: 0 }
    }
}

impl Name {
    fn add(&mut self, byte: u8) {
        let Symbol { column, letter, .. } = SYMBOLS[usize::from(byte)];
        let Step { state, price, hump } = STEPS[self.state][letter as usize];
        // A word starts at a hump.
        let (row, plane) =
            if hump { (START * COLUMNS, PLANES[START]) } else { (self.row, self.plane) };
        let column = usize::from(column);
        let own = PRICES.get(row + column).copied().unwrap_or(u8::MAX);
        self.sixteenths += u64::from(price) + u64::from(own);
        self.row = plane + column * COLUMNS;
        self.plane = PLANES[column];
        self.state = usize::from(state);
    }
}

/// The plane that comes two after a character: with vowels, consonants or anything else before.
const PLANES: [usize; START + 1] = {
    let mut planes = [0; START + 1];
    let mut column = 0;
    while column < 26 {
        planes[column] = match column as u8 + b'a' {
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y' => PLANE,
            _ => 2 * PLANE,
        };
        column += 1;
    }
    planes
};

/// What kind of letter a byte is.
#[derive(Clone, Copy, PartialEq)]
enum Letter {
    None = 0,
    Lower = 1,
    Upper = 2,
}

/// What a letter or another character does to the case.
#[derive(Clone, Copy)]
struct Step {
    state: u8,
    /// In sixteenths of a bit.
    price: u8,
    /// Whether it is a capital after a small letter.
    hump: bool,
}

/// By the state, and by the kind of letter.
const STEPS: [[Step; 3]; 8] = {
    let mut steps = [[Step { state: 0, price: 0, hump: false }; 3]; 8];
    let mut state = 0;
    while state < 8 {
        let (case, across) = (state % 4, state >= 4);
        steps[state][Letter::None as usize].state = case as u8 + 4;
        let mut upper = 0;
        while upper < 2 {
            let goes_on = case == Case::Lower as usize && !across;
            let capitals = case >= Case::FirstUpper as usize && !across;
            steps[state][Letter::Lower as usize + upper] = Step {
                state: match (upper, capitals) {
                    (0, _) => Case::Lower as u8,
                    (_, false) => Case::FirstUpper as u8,
                    (_, true) => Case::FurtherUpper as u8,
                },
                price: match (goes_on, upper) {
                    (true, 0) => 0,
                    (true, _) => PRICES[HUMP],
                    (false, _) => PRICES[CASES + 2 * state + upper],
                },
                hump: goes_on && upper == 1,
            };
            upper += 1;
        }
        state += 1;
    }
    steps
};

/// What a byte is.
#[derive(Clone, Copy)]
struct Symbol {
    /// Its column in the table.
    column: u8,
    /// A bit of [`Kinds`], or two.
    kinds: u8,
    letter: Letter,
}

/// Of each byte.
static SYMBOLS: [Symbol; 256] = {
    let mut symbols = [Symbol { column: 39, kinds: Kinds::OTHER, letter: Letter::None }; 256];
    let mut byte = 0;
    while byte < 256 {
        let column = match byte as u8 {
            lower @ b'a'..=b'z' => lower - b'a',
            upper @ b'A'..=b'Z' => upper - b'A',
            digit @ b'0'..=b'9' => digit - b'0' + 26,
            b'_' => 36,
            b'-' => 37,
            b'.' => 38,
            _ => 39,
        };
        let beyond = if column >= 6 && column < 26 { Kinds::BEYOND_HEX } else { 0 };
        let (kinds, letter) = match byte as u8 {
            b'a'..=b'z' => (Kinds::LOWER | beyond, Letter::Lower),
            b'A'..=b'Z' => (Kinds::UPPER | beyond, Letter::Upper),
            b'0'..=b'9' => (Kinds::DIGIT, Letter::None),
            b'-' | b'_' | b'=' => (Kinds::DASH, Letter::None),
            b'+' | b'/' => (Kinds::PLUS, Letter::None),
            _ => (Kinds::OTHER, Letter::None),
        };
        symbols[byte] = Symbol { column, kinds, letter };
        byte += 1;
    }
    symbols
};

/// Which kinds of characters a body holds.
#[derive(Clone, Copy)]
struct Kinds(u8);

impl Kinds {
    const DIGIT: u8 = 1;
    const LOWER: u8 = 2;
    const UPPER: u8 = 4;
    const BEYOND_HEX: u8 = 8;
    const DASH: u8 = 16;
    const PLUS: u8 = 32;
    const OTHER: u8 = 64;

    fn of(body: &[u8]) -> Self {
        Self(body.iter().fold(0, |kinds, byte| kinds | SYMBOLS[usize::from(*byte)].kinds))
    }

    fn has(self, kind: u8) -> bool {
        self.0 & kind != 0
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
