//! Tells a password that anyone guesses from the words of programs and manuals that stand where one
//! would: types, variables, labels, what says that a password was taken out.
//!
//! It is one all the same, and opens what it is the password of. Not here: passwords that need guessing
//! (`chosen`), and chance (`randomness`).

mod text;

use std::collections::BTreeSet;

use memchr::memmem;

use super::placeholder::{self, Placeholder};
use super::{Rejection, chosen, drawn};
use crate::matcher::Match;
use crate::randomness;

/// Whether the body of a match, which is assigned to the name of a password, is one.
///
/// # Errors
/// The reason why it is none, or is for other rules.
pub(super) fn judge(found: &Match, body: &[u8]) -> Result<(), Rejection> {
    match placeholder::reason(body) {
        None if body.len() >= STRONG && is_strong(found, body) => return Err(Rejection::Strong),
        // Words that many samples have, what counts up: what people take for a password as well.
        None | Some(Placeholder::SampleWord(_) | Placeholder::Sequence) => {}
        Some(Placeholder::Repeated) if different(body) > FEW => {}
        Some(sample) => return Err(Rejection::Placeholder(sample)),
    }
    if let Some(sample) = stands_in(body) {
        return Err(Rejection::Placeholder(sample));
    }
    let place = Place::of(&found.matched, body).ok_or(Rejection::NoPassword)?;
    if is_label(body, place) {
        return Err(Rejection::Name);
    }
    if is_program(body, place) { Err(Rejection::NoPassword) } else { Ok(()) }
}

/// Whether a value is what programs and manuals write in such a place.
fn is_program(body: &[u8], place: Place) -> bool {
    if text::is_shouted(body, place == Place::Address) {
        return true;
    }
    match place {
        Place::Quoted => text::is_text(body),
        Place::Setting { .. } => text::is_word(body) || text::is_expression(body),
        Place::Address => text::is_word(body) || text::is_camel(body),
        Place::Bare => {
            let is_name = text::is_variable(body) || text::is_chain(body);
            text::is_text(body) || is_name || text::is_expression(body)
        }
    }
}

/// Passwords shorter than this are for no other rule.
const STRONG: usize = 8;

/// Whether the other rules report it: it is not just the word with digits, and they take it for one.
fn is_strong(found: &Match, body: &[u8]) -> bool {
    let bits = randomness::evidence(body).bits;
    !is_word_with_digits(body) && (bits >= drawn(body) || chosen::is_password(found, body, bits))
}

/// Whether a value is the word itself, as everybody spells it: `p4ssw0rd`, `Password2022`.
fn is_word_with_digits(body: &[u8]) -> bool {
    let spelt = |byte: &u8| match byte.to_ascii_lowercase() {
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'0' => b'o',
        byte => byte,
    };
    let stem = body.iter().rev().skip_while(|byte| !byte.is_ascii_alphabetic()).count();
    let word: Vec<u8> = body[..stem].iter().map(spelt).collect();
    ["password", "passwd", "passwort", "pass"].iter().any(|one| word == one.as_bytes())
}

/// How many different characters a value has, case apart.
fn different(body: &[u8]) -> usize {
    body.iter().map(u8::to_ascii_lowercase).collect::<BTreeSet<u8>>().len()
}

/// So few different characters say nothing.
const FEW: usize = 2;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In quotes, or between tags.
    Quoted,
    /// Right behind `NAME=`, as the shell has it, or behind `name=`.
    Setting { upper: bool },
    /// Behind the user's name in a URL.
    Address,
    /// Behind an operator: a value of YAML, or an expression.
    Bare,
}

impl Place {
    /// That of `body` in what was matched; none if it is not in it.
    fn of(matched: &[u8], body: &[u8]) -> Option<Self> {
        let at = memmem::rfind(matched, body)?;
        let name = |text: &[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        Some(match &matched[..at] {
            [b':', b'/' | b'\\', ..] => Self::Address,
            [.., b'"' | b'\'' | b'`' | b'>'] => Self::Quoted,
            [before @ .., b'='] if name(before) => {
                Self::Setting { upper: !before.iter().any(u8::is_ascii_lowercase) }
            }
            _ => Self::Bare,
        })
    }
}

/// What says that a value is none: that it was taken out, is to be put in, or is not the right one; or
/// that it repeats one character or two.
fn stands_in(body: &[u8]) -> Option<Placeholder> {
    let lower = body.to_ascii_lowercase();
    if let Some(word) =
        STAND_INS.iter().find(|word| memmem::find(&lower, word.as_bytes()).is_some())
    {
        return Some(Placeholder::SampleWord(word));
    }
    let says_something = lower.iter().any(u8::is_ascii_alphanumeric);
    (different(body) <= FEW || !says_something).then_some(Placeholder::Repeated)
}

/// Parts of values that stand for a password, and of what is made of one.
const STAND_INS: &[&str] = &[
    "<",
    "[",
    "{",
    "crypt_",
    "dummy",
    "encrypted",
    "example",
    "fake",
    "filter",
    "goes",
    "hash",
    "hidden",
    "incorrect",
    "insert",
    "invalid",
    "masked",
    "md5",
    "mock",
    "notreal",
    "null)",
    "placeholder",
    "provide",
    "redact",
    "removed",
    "replace",
    "salt",
    "sha1",
    "sha2",
    "specif",
    "wrong",
    "your",
];

/// Whether a value is the name that it is assigned to: a label, or a variable.
fn is_label(body: &[u8], place: Place) -> bool {
    let label = body.strip_suffix(b":").unwrap_or(body);
    let names = ["password", "passwd", "pwd"];
    let is_name = names.iter().any(|name| label.eq_ignore_ascii_case(name.as_bytes()));
    is_name
        && match place {
            Place::Quoted => body.first().is_some_and(u8::is_ascii_uppercase),
            Place::Setting { upper } => !upper,
            Place::Address => false,
            Place::Bare => true,
        }
}

#[cfg(test)]
mod tests {
    use crate::blob::{Blob, Provenance};
    use crate::finding::Confidence;
    use crate::rule::{armed, builtin};
    use crate::scanner::{Options, Scanner, Scratch};

    /// Which rules report a line, and how sure.
    fn reported(line: &str) -> Vec<(String, Confidence)> {
        let rules = builtin();
        let scanner = Scanner::new(&rules, Options::default());
        let provenance = Provenance::named("settings.conf");
        let text = armed(line);
        let blob = Blob::whole(text.as_bytes(), &provenance);
        let found = scanner.scan(&blob, &mut Scratch::default()).unwrap_or_default();
        found.sightings.iter().map(|s| (rules.rules[s.rule].id.to_string(), s.confidence)).collect()
    }

    #[test]
    fn what_anyone_guesses_is_of_low_confidence_however_it_is_written() {
        for line in [
            "password: 'hunter'",
            "password: 'password'",
            "\"db_password\": \"changeme\",",
            "POSTGRES_PASSWORD: postgres",
            "MYSQL_PASSWORD=password",
            "-e MYSQL_PASSWORD=letmein \\",
            "spring.datasource.password=123456",
            "jdbc:mysql://db/acme?user=acme&password=acme",
            "\"{\\\"password\\\": \\\"orchard\\\"}\"",
            "<password>guest</password>",
            "connection.setPassword(\"guest\")",
            "password = \"correct-horse-battery-staple\"",
            "admin_password2 => 'Orchard'",
        ] {
            let weak = ("generic-weak-password".to_owned(), Confidence::Low);
            assert_eq!(reported(line), [weak], "{line}");
        }
    }

    #[test]
    fn what_tells_of_a_password_is_none() {
        for line in [
            "password: config.password",
            "password: newPassword",
            "password = user_password",
            "password=password",
            "password: password",
            "password: 'string'",
            "password: 'Password'",
            "password: 'Password:'",
            "password: 'required|min:8'",
            "password: 'iam:ChangePassword'",
            "password: 'accounts.forms.PasswordForm'",
            "password: 'yourpassword'",
            "password: '%DB_PASSWORD%'",
            "password: '[removed]'",
            "password: 'xxxx'",
            "password: 'abc'",
            "password: -",
            "password: the one of the vault",
            "password: 42",
            "password: 'sha1$q7xk9'",
            "PASSWORD=$(cat file)",
            "PASSWORD=/run/secrets/db",
            "PASSWORD_FILE=orchard",
            "encrypted_password: 'orchard'",
            "sb.append(\"password=\").append(password).append(\";\")",
        ] {
            assert_eq!(reported(line), [], "{line}");
        }
    }

    #[test]
    fn so_it_is_within_a_url() {
        let weak = ("weak-password-in-url".to_owned(), Confidence::Low);
        for line in ["amqp://guest:guest@rabbit", "redis://:letmein@10.0.0.7:6379/0"] {
            assert_eq!(reported(line), std::slice::from_ref(&weak), "{line}");
        }
        for line in [
            "postgres://user:password@localhost",
            "mailjet://ACCESS:SECRET_TOKEN@api.acme.io",
            "acmesms://accountId:authToken@api.acme.io",
            "ftp://acme:$PASSWORD@files",
            "http://acme:hidden@acme.io",
        ] {
            assert_eq!(reported(line), [], "{line}");
        }
    }

    #[test]
    fn what_needs_guessing_is_for_the_other_rules() {
        for line in ["password: 'Orchard77'", "DB_PASSWORD={base62:20}"] {
            let found = reported(line);
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].1 >= Confidence::Medium, "{line}");
        }
    }
}
