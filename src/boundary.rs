//! Where a token may begin: not within another word.
//!
//! Escapes that end in a letter or digit (`%3D`, `\n`, `\u003d`, colour codes) stand before tokens in
//! real text, and are boundaries all the same.

use crate::randomness;

/// How far before a token a terminal's colour code may begin.
const MAX_COLOUR: usize = 24;

/// The most bytes before a token that [`is_token_start`] and [`is_detached`] look at: a colour code,
/// the longest way to write its escape, and the byte before that.
pub const LOOK_BEHIND: usize = MAX_COLOUR + 16;

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Whether a token may begin at `at`.
pub fn is_token_start(text: &[u8], at: usize) -> bool {
    let before = &text[..at.min(text.len())];
    match before.last() {
        None => true,
        Some(b'+' | b'/') => !is_in_base64(before),
        Some(last) if !is_token(*last) => true,
        // A line that a patch removes.
        Some(b'-') if matches!(before, [b'-'] | [.., b'\n', b'-']) => true,
        // `${KEY:-…}`, what a shell takes if there is no other, and a comment of a page.
        Some(b'-') if before.ends_with(b":-") || before.ends_with(b"<!--") => true,
        // A blank in a header of mail.
        Some(b'_') => is_in_word(before),
        Some(_) => is_escape(before),
    }
}

/// Whether `before` ends in a word that a header of mail has in quoted-printable text (RFC 2047).
fn is_in_word(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(LOOK_BEHIND)..];
    near.windows(3).any(|lead| matches!(lead, [b'?', b'Q' | b'q', b'?']))
}

/// Whether an escape ends right before `at`.
pub fn is_behind_escape(text: &[u8], at: usize) -> bool {
    is_escape(&text[..at.min(text.len())])
}

fn is_escape(before: &[u8]) -> bool {
    after_percent(before)
        || after_string_escape(before)
        || after_colour(before)
        || after_quoted(before)
}

/// Whether `before` ends in base64 of what is not text, such as an image: among so much of it there are
/// the marks of keys by chance. A path of so many letters has words.
fn is_in_base64(before: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let Some(part) = before.last_chunk::<LOOK_BEHIND>() else { return false };
    part.iter().all(is_base64) && randomness::evidence(part).bits >= randomness::CERTAIN
}

/// Whether a token character right before `at` belongs to an escape, or is a byte of a binary format
/// and no letter.
pub fn is_detached(text: &[u8], at: usize) -> bool {
    is_token_start(text, at) || is_counted(text, at)
}

/// `%3D`, also `%253D`.
fn after_percent(before: &[u8]) -> bool {
    let Some((head, digits)) = before.split_last_chunk::<2>() else { return false };
    digits.iter().all(u8::is_ascii_hexdigit) && (head.ends_with(b"%") || head.ends_with(b"%25"))
}

/// `\n` and its kin, `\x3d`, `\u003d`, `\075`, and PowerShell's back-tick.
fn after_string_escape(before: &[u8]) -> bool {
    let hex = |digits: usize, lead: &[u8]| {
        before.len().checked_sub(digits).is_some_and(|split| {
            let (head, tail) = before.split_at(split);
            tail.iter().all(u8::is_ascii_hexdigit) && head.ends_with(lead)
        })
    };
    let octal = before.iter().rev().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    let letter = match before {
        [.., b'\\', last] => b"ntrbfvae0".contains(last),
        [.., b'`', last] => b"ntr0".contains(last),
        _ => false,
    };
    letter
        || hex(4, br"\u")
        || hex(2, br"\x")
        || (octal == 3 && before[..before.len() - 3].ends_with(b"\\"))
}

/// `ESC[31m`, or what is left of it in a log.
fn after_colour(before: &[u8]) -> bool {
    let Some((b'm' | b'K' | b'G' | b'H' | b'J', head)) = before.split_last() else { return false };
    let parameters = head
        .iter()
        .rev()
        .take(MAX_COLOUR)
        .take_while(|b| b.is_ascii_digit() || b";:?".contains(b))
        .count();
    let Some(lead) = head[..head.len() - parameters].strip_suffix(b"[") else { return false };
    let escapes: [&[u8]; 7] = [b"\x1b", br"\e", br"\033", br"\x1b", br"\x1B", br"\u001b", b"^["];
    escapes.iter().any(|e| lead.ends_with(e))
        || (parameters > 0 && !lead.last().is_some_and(|b| is_token(*b)))
}

/// The escapes of quoted-printable mail that stand before a token: of white space and of signs, and of
/// the bytes of a character beyond ASCII, such as a quotation mark or a blank.
fn after_quoted(before: &[u8]) -> bool {
    let [.., b'=', high, low] = before else { return false };
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let byte = digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low);
    byte.is_some_and(|byte| {
        byte.is_ascii_whitespace() || byte >= b' ' && !is_token(byte) && byte != 0x7f
    })
}

/// Tokens that are shorter than this are no keys, and bytes of that value are no text.
const LEAST: usize = 24;

/// Whether the byte right before a string may be what a binary format states its length with: it comes
/// after a byte that is no text. It may look like a letter that is part of the token.
pub fn is_counted(text: &[u8], at: usize) -> bool {
    counted_lengths(text, at).next().is_some()
}

/// The lengths that a binary format may state right before a string: a byte of that value, or the
/// serial type of SQLite's records, <https://www.sqlite.org/fileformat2.html#record_format>, which is
/// twice the length and 13 more, in one byte or two.
pub fn counted_lengths(text: &[u8], at: usize) -> impl Iterator<Item = usize> {
    let before = |back: usize| at.checked_sub(back).and_then(|i| text.get(i)).copied();
    let last = before(1).unwrap_or(0);
    let previous = before(2).unwrap_or(0);
    // A newline counts too: it is the tag of the first string field in protocol buffers.
    let binary = !previous.is_ascii_graphic() && previous != b' ' && at > 0;
    let serial = |kind: usize| kind.checked_sub(13).filter(|twice| twice % 2 == 0).map(|n| n / 2);
    let one = usize::from(last);
    let two = usize::from(previous & 0x7f) << 7 | one;
    // Half the letters are the serial types of usual keys: they must stand among other numbers.
    let kind = match previous {
        0x81..0x84 if one < 0x80 => Some(two),
        _ => is_surely_counted(text, at).then_some(one),
    };
    let lengths = [Some(one), kind.and_then(serial)];
    lengths.into_iter().flatten().filter(move |length| binary && *length >= LEAST)
}

/// Whether what [`counted_lengths`] tells is no chance: a control character that no text has stands
/// before the byte.
pub fn is_surely_counted(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(2).and_then(|i| text.get(i));
    before.is_some_and(|b| *b < b' ' && !b.is_ascii_whitespace() && *b != 0x1b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_boundaries_and_words_are_not() {
        let starts = |before: &str| is_token_start(before.as_bytes(), before.len());
        for before in [
            "",
            "=",
            " ",
            "\"",
            "/",
            ":",
            ".",
            "\u{e9}",
            "%3D",
            "a%20",
            "%253d",
            r"x\n",
            r"\t",
            r"\r",
            r"\u003d",
            r"\x3D",
            r"\075",
            "`n",
            "\x1b[0m",
            "\x1b[38;5;196m",
            r"\033[1;31m",
            r"\e[0m",
            r"\u001b[0m",
            " [31m",
            "=3D",
            "=E2=80=9C",
            "=A0",
            "=3A",
            "=0D=0A",
            "=?utf-8?Q?the_",
            "-",
            "\n-",
            "${KEY:-",
            "<!--",
        ] {
            assert!(starts(before), "{before:?} is a boundary");
        }
        for before in [
            "o", "ca", "leadey_", "my-", "9", "D", "n", "3D", "x3D", "u003d", "m", "a[m", "x[3m",
            "100", "?Q_", "=5F", "=2D", "=41", "=3d", "=00",
        ] {
            assert!(!starts(before), "{before:?} is no boundary");
        }
    }

    #[test]
    fn base64_of_an_image_goes_on_behind_its_signs() {
        let starts = |before: &str| is_token_start(before.as_bytes(), before.len());
        for seed in 0..100 {
            let image = crate::rule::drawn("{base64:60}", seed);
            assert!(!starts(&format!("{image}/")) && !starts(&format!("\"{image}+")), "{seed}");
        }
        for path in [
            "src/main/java/org/acme/services2/internal/http/",
            "api/v1/Users/42/sessions/active/tokens/by/Name/",
        ] {
            assert!(starts(path), "{path}");
        }
    }

    #[test]
    fn a_length_byte_is_read_as_one() {
        let lengths = |text: &[u8]| counted_lengths(text, 2).collect::<Vec<_>>();
        assert_eq!(lengths(b"\x0aEmega"), [69]);
        assert_eq!(lengths(b"\x05Emega"), [69, 28]);
        assert_eq!(lengths(b"\x81csk"), [99, 107]);
        assert_eq!(lengths(b"tEmega"), [0; 0]);
        assert_eq!(counted_lengths(b"Emega", 0).next(), None);
    }
}
