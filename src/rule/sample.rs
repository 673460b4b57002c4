//! Texts with made-up keys in them: `{hex:64}` in an example stands for 64 random digits.
//!
//! So no rule file and no test holds a key, and yet each example is one when it is tried. The same
//! text always gives the same key.

const CLASSES: [(&str, &str); 12] = [
    ("hex", "0123456789abcdef"),
    ("HEX", "0123456789ABCDEF"),
    ("base36", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ("base62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("BASE36", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
    ("base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("digit", "0123456789"),
    ("letters", "abcdefghijklmnopqrstuvwxyz"),
    ("base50", "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)"),
    (
        "base92",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!@#$%^&*()-_ []{}<>~`+=,.;:/?|",
    ),
    ("base64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
    ("base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
];

/// No example needs a longer piece.
const MAX_LENGTH: usize = 4096;

/// Replaces `{class:length}` (hex, HEX, base36, BASE36, base32, base62, base64url, base64, digit,
/// letters; base50 and base92 with signs) and `{uuid}` in `text` by made-up characters, `{base64 of class:length}` by the base64 of
/// such, and `{x:length}` by so many `x`. Anything else in braces stays.
pub fn armed(text: &str) -> String {
    filled(text, Random::seeded(text, 0))
}

/// The same with other made-up characters for each `seed`.
pub fn drawn(text: &str, seed: u64) -> String {
    filled(text, Random::seeded(text, seed))
}

fn filled(text: &str, mut random: Random) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let made = rest.find('}').and_then(|close| {
            let made = made_up(&rest[1..close], &mut random)?;
            Some((made, close + 1))
        });
        match made {
            Some((made, length)) => {
                out.push_str(&made);
                rest = &rest[length..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn made_up(name: &str, random: &mut Random) -> Option<String> {
    if name == "uuid" {
        let part = |random: &mut Random, n| random.characters(CLASSES[0].1, n);
        let parts = [8, 4, 3, 3, 12].map(|n| part(random, n));
        return Some(format!("{}-{}-4{}-a{}-{}", parts[0], parts[1], parts[2], parts[3], parts[4]));
    }
    if let Some(text) = name.strip_prefix("base64 of ") {
        return Some(base64(made_up(text, random)?.as_bytes()));
    }
    let (class, length) = name.split_once(':')?;
    let length = length.parse().ok().filter(|n| *n <= MAX_LENGTH)?;
    match CLASSES.iter().find(|(n, _)| *n == class) {
        Some((_, alphabet)) => Some(random.characters(alphabet, length)),
        None if class.len() == 1 => Some(class.repeat(length)),
        None => None,
    }
}

fn base64(text: &[u8]) -> String {
    let letters = CLASSES[CLASSES.len() - 1].1.as_bytes();
    let group = |group: &[u8]| -> String {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | usize::from(*group.get(i).unwrap_or(&0)));
        let letter = |i: usize| char::from(letters[bits >> (18 - 6 * i) & 63]);
        (0..4).map(|i| if i <= group.len() { letter(i) } else { '=' }).collect()
    };
    text.chunks(3).map(group).collect()
}

/// A small generator (xorshift*, Marsaglia 2003): the same everywhere, and good enough to look random.
struct Random(u64);

impl Random {
    fn seeded(text: &str, seed: u64) -> Self {
        let mix = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
        Self((text.bytes().fold(0xcbf2_9ce4_8422_2325, mix) ^ seed.rotate_left(1)) | 1)
    }

    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }

    fn characters(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length).map(|_| char::from(letters[self.next() % letters.len()])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_replaced_and_other_braces_stay() {
        let text = armed("a={hex:8} {not:this} {uuid} {x");
        assert_eq!(text.len(), "a=12345678 {not:this}  {x".len() + 36);
        assert!(text.ends_with(" {x") && text.contains("{not:this}"));
        assert_eq!(armed("{0:3}{9:1}"), "0009");
        assert_eq!(armed("{base64 of a:3} {base64 of b:4}"), "YWFh YmJiYg==");
        assert_eq!(text, armed("a={hex:8} {not:this} {uuid} {x"));
    }
}
