//! Tells a password that anyone guesses from the words of programs and manuals that stand where one
//! would: types, variables, labels, what says that a password was taken out.
//!
//! It is one all the same, and opens what it is the password of. Not here: passwords that need guessing
//! (`chosen`), and chance (`randomness`).

use std::collections::BTreeSet;

use memchr::memmem;

use super::placeholder::{self, Placeholder};
use super::{Rejection, chosen, is_constant};
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
        Some(sample) => return Err(Rejection::Placeholder(sample)),
    }
    if let Some(sample) = stands_in(body) {
        return Err(Rejection::Placeholder(sample));
    }
    let place = Place::of(&found.matched, body).ok_or(Rejection::NoPassword)?;
    let is_told = match place {
        Place::Quoted => is_text(body),
        Place::Setting { .. } => is_word_of_programs(body),
        Place::Address => is_word_of_programs(body) || is_shouted(body) || is_camel(body),
        Place::Bare => is_text(body) || is_variable(body),
    };
    if is_label(body, place) {
        return Err(Rejection::Name);
    }
    if is_told || is_expression(body, place) { Err(Rejection::NoPassword) } else { Ok(()) }
}

/// Passwords shorter than this are for no other rule.
const STRONG: usize = 8;

/// Whether the other rules report it.
fn is_strong(found: &Match, body: &[u8]) -> bool {
    let bits = randomness::evidence(body).bits;
    bits >= randomness::LIKELY || chosen::is_password(found, body, bits)
}

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
    if let Some(word) = STAND_INS.iter().find(|word| has(&lower, word.as_bytes())) {
        return Some(Placeholder::SampleWord(word));
    }
    let different: BTreeSet<&u8> = lower.iter().collect();
    let says_something = lower.iter().any(u8::is_ascii_alphanumeric);
    (different.len() <= 2 || !says_something).then_some(Placeholder::Repeated)
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

/// Whether a value is one word of those that programs and manuals write for any value.
fn is_word_of_programs(body: &[u8]) -> bool {
    let word = body.strip_suffix(b"!").or_else(|| body.strip_suffix(b"?")).unwrap_or(body);
    let begins = |start: &&str| {
        word.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start.as_bytes()))
    };
    WORDS.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
        || ["varchar", "process.env", "os.environ"].iter().any(begins)
}

/// Types, states, ways to log in, what a field is for.
const WORDS: &[&str] = &[
    "always",
    "any",
    "array",
    "basic",
    "bearer",
    "blank",
    "bool",
    "boolean",
    "bytes",
    "changed",
    "char",
    "checkbox",
    "cleartext",
    "confirm",
    "confirmed",
    "current",
    "current_password",
    "default",
    "digest",
    "disabled",
    "empty",
    "enabled",
    "env",
    "expired",
    "false",
    "field",
    "function",
    "generate",
    "ident",
    "input",
    "interactive",
    "invalid",
    "keyboard-interactive",
    "label",
    "missing",
    "never",
    "new",
    "nil",
    "none",
    "null",
    "number",
    "object",
    "on_create",
    "optional",
    "passwd",
    "passwords",
    "peer",
    "plain",
    "plaintext",
    "prompt",
    "props",
    "publickey",
    "random",
    "required",
    "self",
    "show",
    "string",
    "text",
    "textfield",
    "this",
    "true",
    "trust",
    "type",
    "undefined",
    "update",
    "user",
    "username",
    "valid",
    "value",
    "vault",
    "void",
    "with",
    "yes",
];

/// Whether a value is a text of a program: a word for anything, a file or a member, a constant, an
/// action, a rule, an option, a variable of a batch file, a call.
fn is_text(body: &[u8]) -> bool {
    let is_numbered = body.iter().any(u8::is_ascii_digit);
    let is_spelt = |b: &u8| b.is_ascii_lowercase() || b"_-".contains(b);
    let is_action = || memchr::memchr(b':', body).is_some_and(|at| body[..at].iter().all(is_spelt));
    let is_rule = body.contains(&b'|') && body.iter().any(u8::is_ascii_lowercase);
    let is_call = body.contains(&b'(') && body.contains(&b')');
    let is_batch = body.len() > 2 && body.starts_with(b"%") && body.ends_with(b"%");
    is_word_of_programs(body)
        || is_rule
        || is_call
        || is_batch
        || !is_numbered && body.contains(&b'/')
        || is_action()
        || body.starts_with(b"--")
        || body.contains(&b'_') && is_constant(body)
        || is_file(body)
        || is_number(body)
}

/// Whether a value ends as the names of files and members do.
fn is_file(body: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'.', body) else { return false };
    let (before, ending) = (&body[..at], body[at + 1..].to_ascii_lowercase());
    let is_member = ending.iter().all(u8::is_ascii_lowercase)
        && MEMBERS.iter().any(|word| has(&ending, word.as_bytes()));
    before.last().is_some_and(u8::is_ascii_alphabetic)
        && (is_member || FILES.iter().any(|one| ending == one.as_bytes()))
}

/// Endings of files that have to do with passwords.
const FILES: &[&str] = &[
    "conf",
    "html",
    "jks",
    "js",
    "json",
    "key",
    "p12",
    "pem",
    "php",
    "properties",
    "py",
    "rb",
    "sh",
    "txt",
    "yml",
];

/// Parts of the names of members for passwords.
const MEMBERS: &[&str] = &["form", "pass", "pwd", "secret"];

/// Whether a value is a number that none has for a password: of five to nine digits some have.
fn is_number(body: &[u8]) -> bool {
    let counts = body.iter().all(u8::is_ascii_digit) && !(5..=9).contains(&body.len());
    let measures = body.iter().all(|b| b.is_ascii_digit() || b".-".contains(b));
    counts || measures && body.contains(&b'.')
}

/// Whether a value is the name that it is assigned to: a label, or a variable.
fn is_label(body: &[u8], place: Place) -> bool {
    let label = body.strip_suffix(b":").unwrap_or(body);
    let is_name = ["password", "passwd", "pwd"];
    let is_name = is_name.iter().any(|name| label.eq_ignore_ascii_case(name.as_bytes()));
    is_name
        && match place {
            Place::Quoted => body.first().is_some_and(u8::is_ascii_uppercase),
            Place::Setting { upper } => !upper,
            Place::Address => false,
            Place::Bare => true,
        }
}

/// Whether a value without quotes is an expression.
fn is_expression(body: &[u8], place: Place) -> bool {
    let ends = body.last().is_some_and(|byte| b":,?".contains(byte));
    let begins = body.first().is_some_and(|byte| b"-@&*:=/%.".contains(byte));
    let is_sign = |byte: &u8| b"()[]|?=&".contains(byte);
    let calls = body.iter().any(is_sign) || has(body, b"->") || has(body, b"::");
    match place {
        Place::Quoted | Place::Address => false,
        Place::Setting { .. } => calls || begins || ends,
        Place::Bare => calls || begins || ends || is_chain(body),
    }
}

/// Whether names stand behind names, with dots between them.
fn is_chain(body: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let link = |w: &[u8]| w[0].is_ascii_alphanumeric() && w[1] == b'.' && is_letter(w[2]);
    !body.iter().any(u8::is_ascii_digit) && body.windows(3).any(link)
}

/// Whether a value without quotes is the name of a variable or a type: words with capitals for their
/// bounds, or one that says what it is of.
fn is_variable(body: &[u8]) -> bool {
    let is_snake = body.contains(&b'_')
        && body.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        && (body.ends_with(b"password") || body.ends_with(b"_pwd"));
    let begins = ["new_pass", "old_pass", "user_pass"];
    is_camel(body) || is_snake || begins.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a value is of letters alone, and words in it begin with capitals.
fn is_camel(body: &[u8]) -> bool {
    let turns = |w: &[u8]| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase();
    body.iter().all(u8::is_ascii_alphabetic) && body.windows(2).any(turns)
}

/// Whether a value has no small letters and no digits, as what stands for one in a manual.
fn is_shouted(body: &[u8]) -> bool {
    body.iter().all(|byte| byte.is_ascii_uppercase() || b"_-".contains(byte))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
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
