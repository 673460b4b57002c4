//! How a literal looks in each encoding, and how to get from such a find back to the plain text.

use smallvec::SmallVec;

use super::{Layer, base64};

/// An encoded literal shorter than this would be found everywhere.
const MIN_LITERAL: usize = 4;
/// The same in hexadecimal digits, which are half as many and stand in rows.
const MIN_HEX: usize = 5;
/// A longer one is cut here: it would find no less, and a search of changes would look farther.
const MAX_LITERAL: usize = 20;

/// The bytes of a literal in some form: thousands are made when a program starts, and few are long.
pub type Literal = SmallVec<[u8; MAX_LITERAL]>;

/// How to undo one layer at a place where an encoded literal was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The encoding.
    pub layer: Layer,
    /// Bytes of encoded text from a unit (a base64 group, a pair, an escape) to the literal's start;
    /// negative if the unit begins within the literal.
    pub lead: i32,
    /// Decoded bytes from that unit's first byte to where the literal's plain text begins.
    pub shift: i32,
}

/// One encoded form of a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The bytes to look for.
    pub literal: Literal,
    /// The steps that undo the encodings, the outermost first; none for plain text.
    pub steps: SmallVec<[Step; 2]>,
}

impl Recipe {
    /// The encodings, the outermost first.
    pub fn layers(&self) -> Vec<Layer> {
        self.steps.iter().map(|s| s.layer).collect()
    }

    fn plain(literal: &[u8]) -> Self {
        Self { literal: literal.into(), steps: SmallVec::new() }
    }

    /// This form, encoded once more.
    fn within(&self, (literal, step): Form) -> Self {
        let steps = std::iter::once(step).chain(self.steps.iter().copied()).collect();
        Self { literal, steps }
    }
}

/// Every form of `literal`: plain, in each encoding, and nested once where that occurs.
pub fn recipes(literal: &[u8]) -> Vec<Recipe> {
    let plain = Recipe::plain(literal);
    let base64 = under(&plain, base64_forms);
    let hex = under(&plain, hex_forms);
    let wide = under(&plain, wide_forms);
    let escape = under(&plain, escape_forms);
    let mut nested = Vec::new();
    for inner in base64.iter().chain(&hex).chain(&wide).chain(&escape) {
        nested.extend(under(inner, base64_forms));
    }
    // Half escaped, too little of a literal is left in hex that looks the same in both cases.
    let whole = under(&plain, escaped_whole);
    for inner in base64.iter().chain(&hex).chain(&wide).chain(&whole) {
        nested.extend(under(inner, hex_forms));
    }
    for inner in base64.iter().chain(&hex).chain(&escape) {
        nested.extend(under(inner, wide_forms));
    }
    let twice = under(&plain, twice_escaped);
    let mut all = vec![plain];
    for forms in [escape, twice, wide, hex, base64, nested] {
        all.extend(forms);
    }
    all.retain(|r| r.literal.len() >= MIN_LITERAL || r.steps.is_empty());
    all.iter_mut().for_each(|r| r.literal.truncate(MAX_LITERAL));
    all
}

/// The forms in which secrets of any vendor are met: plain, in base64, in hexadecimal digits, in UTF-16.
pub fn common_recipes(literal: &[u8]) -> Vec<Recipe> {
    let plain = Recipe::plain(literal);
    let mut forms = under(&plain, base64_forms);
    for (form, before) in forms.clone().iter().zip(0..) {
        if form.literal.len() + 1 == MIN_LITERAL {
            let wider = base64::encode_with_neighbour(literal, before);
            forms.extend(wider.into_iter().map(|form| plain.within(form)));
        }
    }
    // Of a short literal too little is left: small letters alone are everywhere.
    let is_mixed = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    forms.retain(|r| r.literal.len() >= MIN_LITERAL && r.literal.iter().any(is_mixed));
    forms.extend(under(&plain, hex_forms).into_iter().filter(|form| form.literal.len() >= MIN_HEX));
    forms.extend(under(&plain, wide_forms));
    forms.push(plain);
    forms.iter_mut().for_each(|r| r.literal.truncate(MAX_LITERAL));
    forms
}

/// An encoded literal and the step that undoes the encoding.
type Form = (Literal, Step);

fn under<F: IntoIterator<Item = Form>>(inner: &Recipe, forms: fn(&[u8]) -> F) -> Vec<Recipe> {
    forms(&inner.literal).into_iter().map(|form| inner.within(form)).collect()
}

fn base64_forms(text: &[u8]) -> [Form; 3] {
    [0, 1, 2].map(|before| base64::encode(text, before))
}

fn wide_forms(text: &[u8]) -> [Form; 1] {
    let mut literal: Literal = text.iter().flat_map(|b| [*b, 0]).collect();
    // Without the last zero the literal is the same in both byte orders.
    literal.pop();
    [(literal, Step { layer: Layer::Wide, lead: 0, shift: 0 })]
}

fn hex_forms(text: &[u8]) -> Vec<Form> {
    cased(text, "", Layer::Hex)
}

/// Every character escaped, or only those that are no letters or digits.
fn escape_forms(text: &[u8]) -> Vec<Form> {
    let mut forms = escaped_whole(text);
    forms.extend(braced(text));
    forms.extend(punctuation_escaped(text));
    forms
}

/// Each byte as `\u{6d}`.
fn braced(text: &[u8]) -> Vec<Form> {
    let written = |upper: bool| -> Literal {
        let digits = |byte: &u8| two_digits(*byte, upper);
        text.iter()
            .flat_map(|byte| b"\\u{".iter().copied().chain(digits(byte)).chain([b'}']))
            .collect()
    };
    let mut literals = vec![written(false), written(true)];
    literals.dedup();
    let step = Step { layer: Layer::Escape, lead: 0, shift: 0 };
    literals.into_iter().map(|literal| (literal, step)).collect()
}

fn escaped_whole(text: &[u8]) -> Vec<Form> {
    ["%", r"\x", r"\u00"].iter().flat_map(|lead| cased(text, lead, Layer::Escape)).collect()
}

/// Every character escaped, and the signs that open the escapes once more. Both are undone in one
/// step, see `escape`.
fn twice_escaped(text: &[u8]) -> Vec<Form> {
    ["%25", r"\\u00"].iter().flat_map(|lead| cased(text, lead, Layer::Escape)).collect()
}

/// Each byte as `lead` and two digits. The two cases of the digits share a literal where a stretch
/// without the digits a to f is long enough.
fn cased(text: &[u8], lead: &str, layer: Layer) -> Vec<Form> {
    let (from, stretch) = caseless(text, lead);
    if stretch.len() >= lead.len() * 2 + 5 {
        return vec![(stretch, Step { layer, lead: 0, shift: -(from as i32) })];
    }
    let written = |upper: bool| -> Literal {
        let digits = |byte: &u8| two_digits(*byte, upper);
        text.iter().flat_map(|byte| lead.bytes().chain(digits(byte))).collect()
    };
    [false, true].map(|upper| (written(upper), Step { layer, lead: 0, shift: 0 })).to_vec()
}

/// A byte in hex.
fn two_digits(byte: u8, upper: bool) -> [u8; 2] {
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    [byte >> 4, byte & 15].map(|half| digits[usize::from(half)])
}

/// The longest stretch of the encoded text that begins with a unit and looks the same in both cases:
/// the index of its first byte of plain text, and the stretch.
fn caseless(text: &[u8], lead: &str) -> (usize, Literal) {
    let mut best = (0, Literal::new());
    for from in 0..text.len() {
        let mut stretch = Literal::new();
        for byte in &text[from..] {
            let digits = two_digits(*byte, false);
            let kept = digits.iter().take_while(|d| d.is_ascii_digit()).count();
            if kept == 0 {
                break;
            }
            stretch.extend_from_slice(lead.as_bytes());
            stretch.extend_from_slice(&digits[..kept]);
            if kept < 2 {
                break;
            }
        }
        if stretch.len() > best.1.len() {
            best = (from, stretch);
        }
    }
    best
}

/// Forms in which one character that is no letter or digit is escaped and its neighbours are not.
/// The literal holds the end or the start of the escape only, so that it serves several escapes.
fn punctuation_escaped(text: &[u8]) -> Vec<Form> {
    let mut forms = Vec::new();
    let step = |lead: usize, shift: usize| Step {
        layer: Layer::Escape,
        lead: -(lead as i32),
        shift: -(shift as i32),
    };
    let is_word = |b: &u8| b.is_ascii_alphanumeric();
    for (i, byte) in text.iter().enumerate().filter(|(_, b)| !is_word(b)) {
        let after = text[i + 1..].iter().take_while(|b| is_word(b)).count();
        let before = text[..i].iter().rev().take_while(|b| is_word(b)).count();
        if after >= 3 && i == 0 {
            for upper in [false, true] {
                let mut literal = Literal::from(&two_digits(*byte, upper)[..]);
                literal.extend_from_slice(&text[1..1 + after]);
                forms.push((literal, step(2, 1)));
            }
        } else if before >= 3 && i == before {
            for lead in ["%", r"\x", r"\u00"] {
                let mut literal = Literal::from(&text[..i]);
                literal.extend_from_slice(lead.as_bytes());
                literal.push(two_digits(*byte, false)[0]);
                forms.push((literal, step(0, 0)));
            }
        }
    }
    forms.dedup_by(|a, b| a.0 == b.0);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Reach, around};
    use crate::span::Span;

    #[test]
    fn every_form_leads_back_to_the_text() {
        for literal in ["mega_", "_live", "_test_", "rgo-", "leadey.a", "ak_live:"] {
            for recipe in recipes(literal.as_bytes()) {
                let full = complete(&recipe, literal);
                let at = find(&full, &recipe.literal).expect("the literal is in its own form");
                if recipe.steps.is_empty() {
                    continue;
                }
                let (text, start) =
                    around(&full, at, &recipe, Reach::MATCH).expect("a form can be read");
                let end = start + literal.len();
                assert_eq!(
                    text.bytes.get(start..end).map(String::from_utf8_lossy),
                    Some(literal.into()),
                    "{recipe:?} in {:?}",
                    String::from_utf8_lossy(&full)
                );
                assert!(text.source(Span::new(start, end)).end <= full.len());
            }
        }
    }

    /// In hexadecimal digits of either case as well.
    #[test]
    fn short_literals_are_found_in_hexadecimal_digits() {
        for literal in ["hf_", "SG.", "eyJ", "AKIA", "xoxb-"] {
            for upper in [false, true] {
                let text = format!("..{literal}q7Xk9");
                let digits = text.bytes().flat_map(|byte| two_digits(byte, upper));
                let encoded: Vec<u8> = digits.collect();
                let forms = common_recipes(literal.as_bytes());
                let found = forms.iter().filter(|form| form.layers() == [Layer::Hex]).any(|form| {
                    let Some(at) = find(&encoded, &form.literal) else { return false };
                    let read = around(&encoded, at, form, Reach::MATCH);
                    read.is_some_and(|(text, start)| {
                        text.bytes[start..].starts_with(literal.as_bytes())
                    })
                });
                assert!(found, "{literal} {upper}");
            }
        }
    }

    /// In base64 a short literal is found at each alignment, whatever stands beside it.
    #[test]
    fn short_literals_are_found_at_each_alignment() {
        for literal in ["hf_", "SG.", "eyJ", "AKIA"] {
            let forms = common_recipes(literal.as_bytes());
            for neighbours in 0..=u8::MAX {
                for before in 0..3 {
                    let body = neighbours % 128;
                    let text =
                        [&vec![neighbours; before][..], literal.as_bytes(), &[body; 9]].concat();
                    let encoded = base64::encode(&text, 0).0;
                    let found =
                        forms.iter().filter(|form| form.layers() == [Layer::Base64]).any(|form| {
                            let Some(at) = find(&encoded, &form.literal) else { return false };
                            let read = around(&encoded, at, form, Reach::MATCH);
                            read.is_some_and(|(text, start)| {
                                text.bytes.get(start..start + literal.len())
                                    == Some(literal.as_bytes())
                            })
                        });
                    assert!(found, "{literal} {before} {neighbours}");
                }
            }
        }
    }

    fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
        hay.windows(needle.len()).position(|w| w == needle)
    }

    /// An encoding of `..literal..` that holds the recipe's literal.
    fn complete(recipe: &Recipe, literal: &str) -> Vec<u8> {
        let blanks = |n: usize| " ".repeat(n);
        for (style, inner, outer) in (0..108).map(|n| (n / 9, n / 3 % 3, n % 3)) {
            let mut text = format!("{}{literal}   abcdef", blanks(inner)).into_bytes();
            for (depth, layer) in recipe.layers().iter().rev().enumerate() {
                let shift = if depth > 0 { outer } else { 0 };
                text = encode(*layer, &[blanks(shift).as_bytes(), &text].concat(), style);
            }
            if find(&text, &recipe.literal).is_some() {
                return text;
            }
        }
        panic!("no encoding holds {recipe:?} of {literal}");
    }

    fn encode(layer: Layer, text: &[u8], style: usize) -> Vec<u8> {
        let all =
            |lead: &str| text.iter().flat_map(|b| format!("{lead}{b:02x}").into_bytes()).collect();
        let some = |lead: &str, upper: bool| {
            text.iter()
                .flat_map(|b| {
                    let plain = b.is_ascii_alphanumeric() || *b == b' ';
                    if plain {
                        vec![*b]
                    } else {
                        lead.bytes().chain(two_digits(*b, upper)).collect()
                    }
                })
                .collect()
        };
        match (layer, style) {
            (Layer::Base64, _) => {
                let mut padded = text.to_vec();
                padded.resize(text.len().next_multiple_of(3), b' ');
                base64::encode(&padded, 0).0.to_vec()
            }
            (Layer::Hex, _) if style % 2 == 1 => {
                text.iter().flat_map(|b| format!("{b:02X}").into_bytes()).collect()
            }
            (Layer::Hex, _) => all(""),
            (Layer::Wide, _) => text.iter().flat_map(|b| [*b, 0]).collect(),
            (Layer::Escape, 0) => all("%"),
            (Layer::Escape, 1) => all(r"\x"),
            (Layer::Escape, 2) => all(r"\u00"),
            (Layer::Escape, 3) => some("%", true),
            (Layer::Escape, 4) => some("%", false),
            (Layer::Escape, 5) => some(r"\x", false),
            (Layer::Escape, 6) => some(r"\u00", false),
            (Layer::Escape, 7) => all("%25"),
            (Layer::Escape, 8) => {
                text.iter().flat_map(|b| format!(r"\u{{{b:02x}}}").into_bytes()).collect()
            }
            (Layer::Escape, 9) => {
                text.iter().flat_map(|b| format!(r"\u{{{b:02X}}}").into_bytes()).collect()
            }
            (Layer::Escape, _) => all(r"\\u00"),
            (Layer::Quoted, _) => text.to_vec(),
        }
    }
}
