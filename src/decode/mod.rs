//! Encoded text: how a literal looks in each encoding, and how to read the text around such a find.
//!
//! Decoding is local: it starts at a known place and reads a bounded distance to both sides, so
//! that what it yields depends on nothing farther away. Not here: searching.

mod base64;
mod escape;
mod hex;
mod quoted;
mod recipe;
mod text;
mod wide;

pub use base64::{
    MAX_BREAK, decoded as base64_bytes, line_break, next_line, printable as base64_text,
};
pub use recipe::{Literal, Recipe, Step, common_recipes, recipes};
pub use text::Text;
pub use wide::is_big_endian;

/// Decoded bytes that are read before the place where a find begins: enough for a boundary.
pub const LOOK_BEHIND: usize = 48;

/// One way of writing text as other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Base64 or base64url, at any alignment, wrapped or not.
    Base64,
    /// Pairs of hexadecimal digits.
    Hex,
    /// `%5F`, `\x5f`, `\u005f`, `\n`, `\:`, `&#95;`, in any mixture with plain text.
    Escape,
    /// UTF-16, either byte order.
    Wide,
    /// `=5F` and soft line breaks of mail.
    Quoted,
}

/// How far to read around a place, in decoded bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Before it.
    pub back: usize,
    /// From it on.
    pub forward: usize,
}

impl Reach {
    /// Enough to match a rule.
    pub const MATCH: Reach = Reach { back: LOOK_BEHIND, forward: 600 };
    /// Enough to see what surrounds a match.
    pub const CONTEXT: Reach = Reach { back: 16 << 10, forward: 16 << 10 };

    /// The reach that an outer layer needs so that an inner one reaches this far.
    fn for_inner(self) -> Reach {
        Reach { back: self.back * 6 + 16, forward: self.forward * 6 + 16 }
    }
}

/// Reads the text around `at`, a place in `bytes` where a literal of `recipe` begins. Gives the text
/// and the index in it at which the literal's plain text begins.
///
/// None if the surroundings are not of these encodings after all.
pub fn around(bytes: &[u8], at: usize, recipe: &Recipe, reach: Reach) -> Option<(Text, usize)> {
    match recipe.steps.as_slice() {
        [] => None,
        [only] => step(bytes, at, *only, is_big_endian(bytes, at), reach),
        [outer, inner] => {
            let big_endian = is_big_endian(bytes, at);
            let (between, index) = step(bytes, at, *outer, big_endian, reach.for_inner())?;
            // Where decoded text begins is by chance, unless it has a mark; nearly all is the other.
            let big_endian = between.bytes.starts_with(&[0xfe, 0xff]);
            let (text, start) = step(&between.bytes, index, *inner, big_endian, reach)?;
            Some((text.through(&between), start))
        }
        _ => None,
    }
}

/// Reads mixed text from `at` on, where something looks escaped, without a literal to go by.
pub fn escaped_around(
    bytes: &[u8],
    at: usize,
    layer: Layer,
    reach: Reach,
) -> Option<(Text, usize)> {
    step(bytes, at, Step { layer, lead: 0, shift: 0 }, false, reach)
}

/// Where the character at `at` begins: a sign may be the end of an escape.
fn escape_start(bytes: &[u8], at: usize) -> usize {
    let is_sign = |byte: &u8| byte.is_ascii_punctuation() && !b"%\\&".contains(byte);
    let before = bytes.get(..at).filter(|_| bytes.get(at).is_some_and(is_sign));
    let before = before.unwrap_or_default().iter().rev().take(SLASHES);
    at - before.take_while(|byte| **byte == b'\\').count()
}

/// Backslashes before a sign, of text that is escaped twice.
const SLASHES: usize = 3;

/// Reads the text around an escape at `at`, undoing those that begin as it does and no others: what they
/// are in is written in one way, and may hold anything.
pub fn unescaped_around(bytes: &[u8], at: usize, reach: Reach) -> Option<(Text, usize)> {
    escape::read_by(bytes, at, reach, bytes.get(at..at + 1)?)
}

/// Reads the escapes in the text that `recipe` leads to, where something in it looks escaped.
pub fn escaped_within(
    bytes: &[u8],
    at: usize,
    recipe: &Recipe,
    reach: Reach,
) -> Option<(Text, usize)> {
    let (between, index) = around(bytes, at, recipe, reach.for_inner())?;
    let (text, start) = escaped_around(&between.bytes, index, Layer::Escape, reach)?;
    Some((text.through(&between), start))
}

fn step(
    bytes: &[u8],
    at: usize,
    step: Step,
    big_endian: bool,
    reach: Reach,
) -> Option<(Text, usize)> {
    let origin = usize::try_from(i64::try_from(at).ok()? - i64::from(step.lead)).ok();
    let (text, index) = match step.layer {
        // Base64 counts its lead in characters of the encoding, which line breaks interrupt.
        Layer::Base64 => base64::read(bytes, at, usize::try_from(step.lead).ok()?, reach)?,
        Layer::Hex => hex::read(bytes, origin?, reach)?,
        // The end of an escape does not say which one it is.
        Layer::Escape if at > 0 && step.lead < 0 && bytes[at - 1] == b'=' => {
            quoted::read_word(bytes, origin?, reach)?
        }
        Layer::Escape if step.lead == 0 => escape::read(bytes, escape_start(bytes, at), reach)?,
        Layer::Escape => escape::read(bytes, origin?, reach)?,
        Layer::Wide => wide::read(bytes, origin?, big_endian, reach)?,
        Layer::Quoted => quoted::read(bytes, origin?, reach)?,
    };
    let start = i64::try_from(index).ok()? + i64::from(step.shift);
    let start = usize::try_from(start).ok()?;
    (start < text.bytes.len()).then_some((text, start))
}

/// The name of an encoding in reports: the layers from the outside, joined by `+`. `raw` is the
/// encoded text of the secret, which tells percent from string escapes and the byte order.
pub fn name(layers: &[Layer], raw: &[u8], big_endian: bool) -> String {
    if layers.is_empty() {
        return "plain".to_owned();
    }
    let one = |layer: &Layer| match layer {
        Layer::Base64 => "base64",
        Layer::Hex => "hex",
        Layer::Escape => escape::name(raw),
        Layer::Wide if big_endian => "utf-16be",
        Layer::Wide => "utf-16le",
        Layer::Quoted => "quoted-printable",
    };
    layers.iter().map(one).collect::<Vec<_>>().join("+")
}
