//! What others wrote right behind a key in characters that keys have too: the dashes of `-->`, the rest of
//! a path.
//!
//! Not here: a suffix of a key whose form is documented (`captured`).

use super::captured::{Captured, captured};
use crate::rule::Rule;

/// Characters that a part of a body has which is a key by itself.
const LEAST: usize = 20;
/// Letters of a tail that chance does not make words of.
const LETTERS: usize = 4;

/// The match without what does not belong to it: only where a body has no documented form, and where
/// the expression agrees that it may end there.
pub(super) fn settled(rule: &Rule, window: &[u8], whole: Captured, next: Option<u8>) -> Captured {
    let is_open = rule.form.is_none() || whole.uuid.is_some();
    if !is_open || !rule.random || whole.body.end != whole.secret.end {
        return whole;
    }
    let body = &window[whole.body.range()];
    let mut length = body.len();
    if whole.uuid.is_some() {
        length = first_part(body).unwrap_or(length);
    }
    let next = body.get(length).copied().or(next);
    length -= dashes(rule, &body[..length], next);
    let end = whole.body.start + length;
    if length == body.len() {
        return whole;
    }
    match captured(rule, &window[..end]) {
        Some(shorter) if (shorter.secret.end, shorter.whole.end) == (end, end) => shorter,
        _ => whole,
    }
}

/// How many dashes at the end of a body are none of its own: those of `-->` and `->`, more than one, and
/// one without which it has a documented form or is hexadecimal.
fn dashes(rule: &Rule, body: &[u8], next: Option<u8>) -> usize {
    let Some(last @ (b'-' | b'_')) = body.last() else { return 0 };
    let count = body.iter().rev().take_while(|byte| *byte == last).count();
    let kept = &body[..body.len() - count];
    let closes = *last == b'-' && next == Some(b'>');
    let is_plain = || kept.iter().all(u8::is_ascii_alphanumeric);
    let mut forms = rule.issuers.iter().filter_map(|issuer| issuer.body.as_ref());
    let mut is_documented = || forms.any(|form| form.is_match(kept) && !form.is_match(body));
    let told = closes || count > 1 && is_plain() || is_hexadecimal(kept) || is_documented();
    if told { count } else { 0 }
}

/// The length of the part of a body before the first sign, if it is a key by itself and what follows is
/// no part of it: an alphabet of hexadecimal digits has no such signs, none has `=` before other
/// characters, and words are not drawn.
fn first_part(body: &[u8]) -> Option<usize> {
    let at = body.iter().position(|byte| b"/.+=".contains(byte))?;
    let (part, tail) = body.split_at(at);
    let assigns = tail[0] == b'=' && tail.iter().any(|byte| *byte != b'=');
    // Groups of base64 have such signs, and are four characters.
    let is_base64 = body.len().is_multiple_of(4) && !tail.contains(&b'.');
    let least = if is_base64 { 2 * LETTERS } else { LETTERS };
    let ends = is_hexadecimal(part) || assigns || begins_with_words(tail, least);
    (part.len() >= LEAST && ends).then_some(at)
}

/// Hexadecimal digits of one case, with dashes among them or not.
fn is_hexadecimal(part: &[u8]) -> bool {
    let digits = |letters: fn(&u8) -> bool| {
        part.iter().all(|byte| byte.is_ascii_hexdigit() && !letters(byte) || *byte == b'-')
    };
    part.len() >= LEAST && (digits(u8::is_ascii_uppercase) || digits(u8::is_ascii_lowercase))
}

/// Whether a tail begins with words of so many letters in all.
fn begins_with_words(tail: &[u8], least: usize) -> bool {
    let pieces = tail.split(|byte| !byte.is_ascii_alphanumeric()).filter(|piece| !piece.is_empty());
    pieces.map_while(letters).sum::<usize>() >= least
}

/// The letters of a word: of one case, maybe with a capital before or digits behind, or of a version.
fn letters(piece: &[u8]) -> Option<usize> {
    let length = piece.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, digits) = piece.split_at(length);
    let is_lower = word.iter().skip(1).all(u8::is_ascii_lowercase);
    let is_cased = is_lower || word.iter().all(u8::is_ascii_uppercase);
    let is_word = (length >= 3 || word == b"v") && is_cased;
    (is_word && digits.iter().all(u8::is_ascii_digit)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{armed, builtin, drawn};

    fn end(id: &str, text: &str) -> usize {
        let rules = builtin();
        let rule = rules.rule(id).expect("a rule");
        let whole = captured(rule, text.as_bytes()).expect("a match");
        let next = text.as_bytes().get(whole.whole.end).copied();
        settled(rule, text.as_bytes(), whole, next).secret.end
    }

    #[test]
    fn what_hangs_on_to_a_key_is_none_of_it() {
        for body in ["{hex:32}", "{hex:64}", "{base62:40}", "{uuid}"] {
            let key = armed(&format!("ak_live:{{uuid}}:{body}"));
            for tail in [
                "/api/users",
                "/v1/accounts/42",
                "/REDACTED/",
                "/your_path",
                ".example.com",
                "+other",
                ".json",
                "=prod",
                "=20",
                "=0D=0A",
                "--",
                "-->",
                "->",
                ".Next",
                "",
            ] {
                let text = format!("{key}{tail}");
                assert_eq!(end("meetergo-platform-key", &text), key.len(), "{body} and {tail}");
            }
        }
    }

    #[test]
    fn dashes_behind_a_key_are_none_of_it() {
        for (id, key) in [
            ("sk-live-key", "sk_live_{base62:24}"),
            ("sk-test-key", "sk_test_51{base62:97}"),
            ("tg-live-key", "tg_live_{hex:32}"),
            ("tg-test-key", "tg_test_{base62:48}"),
        ] {
            let key = armed(key);
            for tail in ["-->", "->", "--", "__", " -", ""] {
                assert_eq!(end(id, &format!("{key}{tail}")), key.len(), "{id} and {tail}");
            }
        }
        for key in ["sk_live_{base62:24}", "sk_live_{hex:32}", "sk_live_{base36:40}"] {
            let key = armed(key);
            assert_eq!(end("sk-live-key", &format!("{key}-")), key.len());
            assert_eq!(end("sk-live-key", &format!("{key}_")), key.len());
        }
    }

    #[test]
    fn a_key_of_an_alphabet_with_signs_is_whole() {
        for seed in 0..200 {
            for body in ["{base64:40}", "{base64:43}=", "{base64url:43}", "{base62:20}.{base62:30}"]
            {
                let key = drawn(&format!("ak_live:{{uuid}}:{body}"), seed);
                if key.ends_with(['/', '+', '.', '-', '_']) {
                    continue;
                }
                assert_eq!(end("meetergo-platform-key", &key), key.len(), "{body}, seed {seed}");
            }
            let key = drawn("tg_live_{base62:20}-{base62:20}", seed);
            assert_eq!(end("tg-live-key", &key), key.len());
        }
    }
}
