//! What programs and manuals write where a password would stand: types, labels, members, files, numbers of
//! versions, expressions.
//!
//! Not here: how a value is written (`weak`).

use memchr::memmem;

use crate::filter::is_constant;

/// Whether a value is one word of those that programs and manuals write for any value.
pub(super) fn is_word(body: &[u8]) -> bool {
    let word = body.strip_suffix(b"!").or_else(|| body.strip_suffix(b"?")).unwrap_or(body);
    let begins = |start: &&str| {
        word.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start.as_bytes()))
    };
    WORDS.split_whitespace().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
        || ["varchar", "process.env", "os.environ"].iter().any(begins)
}

/// Types, states, ways to log in, what a field is for.
const WORDS: &str = "
    always any array basic bearer blank bool boolean bytes censured changed char checkbox
    checked cleartext confirm confirmed current current_password default digest disabled empty
    enabled env expired false field focus function fuzz generate ident include input interactive
    invalid keyboard-interactive label lookup missing never new nil none null number object
    on_create optional passwd passwords peer plain plaintext printf prompt props publickey
    random required self show string text textfield this true trust type undef undefined unset
    update user username valid value vault visible void with yes
";

/// Whether a value is a text of a program: a word for anything, a file or a member, a constant, an
/// action, a rule, an option, a variable of a batch file, a call.
pub(super) fn is_text(body: &[u8]) -> bool {
    let is_numbered = body.iter().any(u8::is_ascii_digit);
    let is_rule = body.contains(&b'|') && body.iter().any(u8::is_ascii_lowercase);
    let is_call = body.contains(&b'(') && body.contains(&b')');
    let is_batch = body.len() > 2 && body.starts_with(b"%") && body.ends_with(b"%");
    is_word(body)
        || is_rule
        || is_call
        || is_batch
        || !is_numbered && body.contains(&b'/')
        || is_action(body)
        || body.starts_with(b"--")
        || body.contains(&b'_') && is_constant(body)
        || is_file(body)
        || is_number(body)
        || is_key(body)
}

/// Whether words stand on both sides of a sign: `iam:ChangePassword`, `my#password`.
fn is_action(body: &[u8]) -> bool {
    let is_spelt = |b: &u8| b.is_ascii_lowercase() || b"_-".contains(b);
    let words = |at: usize, before: usize| at > 0 && body[..before].iter().all(is_spelt);
    memchr::memchr(b':', body).is_some_and(|at| body[..at].iter().all(is_spelt))
        || memchr::memchr(b'#', body)
            .is_some_and(|at| words(at, at) && body[at + 1..].iter().all(is_spelt))
}

/// Whether a value names the key of a password by several words: `lookup_bind_password`.
fn is_key(body: &[u8]) -> bool {
    let is_spelt = |b: &u8| b.is_ascii_lowercase() || *b == b'_';
    let bounds = body.iter().filter(|byte| **byte == b'_').count();
    bounds >= 2 && body.iter().all(is_spelt) && body.ends_with(b"_password")
}

/// Whether a value ends as the names of files and members do.
fn is_file(body: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'.', body) else { return false };
    let (before, ending) = (&body[..at], body[at + 1..].to_ascii_lowercase());
    let is_member = ending.iter().all(u8::is_ascii_lowercase)
        && MEMBERS.iter().any(|word| has(&ending, word.as_bytes()));
    before.last().is_some_and(u8::is_ascii_alphabetic)
        && (is_member || FILES.split(' ').any(|one| ending == one.as_bytes()))
}

/// Endings of files that have to do with passwords.
const FILES: &str = "conf html jks js json key p12 pem php properties py rb sh txt yml";

/// Parts of the names of members for passwords.
const MEMBERS: &[&str] = &["form", "pass", "pwd", "secret"];

/// Whether a value is a number that none has for a password (of four to nine digits some have), or that
/// of a version.
fn is_number(body: &[u8]) -> bool {
    let counts = body.iter().all(u8::is_ascii_digit) && !(4..=9).contains(&body.len());
    let bare = body.iter().skip_while(|byte| b"^~v".contains(byte));
    let is_version = bare.clone().all(|b| b.is_ascii_digit() || b".:-".contains(b));
    counts || is_version && bare.clone().any(|byte| *byte == b'.')
}

/// Whether a value has no small letters and no digits, as what stands for one in a manual: of several
/// words, of which the last one says it, or of any where `any` is set.
pub(super) fn is_shouted(body: &[u8], any: bool) -> bool {
    let is_told = || {
        let names = ["_PASSWORD", "-PASSWORD", "_PASS", "_PWD", "_SECRET", "_TOKEN", "_KEY"];
        names.iter().any(|name| body.ends_with(name.as_bytes()))
    };
    body.iter().all(|byte| byte.is_ascii_uppercase() || b"_-".contains(byte)) && (any || is_told())
}

/// Whether a value is of letters alone, and words in it begin with capitals.
pub(super) fn is_camel(body: &[u8]) -> bool {
    let turns = |w: &[u8]| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase();
    body.iter().all(u8::is_ascii_alphabetic) && body.windows(2).any(turns)
}

/// Whether a value without quotes is the name of a variable or a type: words with capitals for their
/// bounds that begin as variables do, or say what they are for.
pub(super) fn is_variable(body: &[u8]) -> bool {
    let begins = ["new_pass", "old_pass", "user_pass"];
    let is_small = body.first().is_some_and(u8::is_ascii_lowercase);
    is_camel(body) && (is_small || has(body, b"Password") || has(body, b"Pwd"))
        || begins.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a value without quotes is an expression: an operator, or one that begins or ends it.
pub(super) fn is_expression(body: &[u8]) -> bool {
    let ends = body.last().is_some_and(|byte| b":,?".contains(byte));
    let begins = body.first().is_some_and(|byte| b"-@&*:=/%.".contains(byte));
    let is_sign = |byte: &u8| b"()[]|?=&".contains(byte);
    let negates = || body[0] == b'!' && body[1..].iter().all(u8::is_ascii_alphabetic);
    begins || ends || body.iter().any(is_sign) || has(body, b"->") || has(body, b"::") || negates()
}

/// Whether names stand behind names, with dots between them.
pub(super) fn is_chain(body: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let link = |w: &[u8]| w[0].is_ascii_alphanumeric() && w[1] == b'.' && is_letter(w[2]);
    !body.iter().any(u8::is_ascii_digit) && body.windows(3).any(link)
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}
