//! Holds the table of layers: a module imports only modules of a lower layer.
//!
//! Reads the text of `src/`, roughly: comments, strings and `#[cfg(test)]` items are blanked, the
//! rest is cut into words. Not a Rust parser; the tests at the end plant what it must catch.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every module of the crate root and its layer.
const LAYERS: &[(&str, u8)] = &[
    ("span", 0),
    ("assignment", 0),
    ("boundary", 0),
    ("calendar", 0),
    ("document", 0),
    ("lookup", 0),
    ("moment", 0),
    ("randomness", 0),
    ("record", 0),
    ("token", 0),
    ("visible", 0),
    ("blob", 1),
    ("decode", 1),
    ("rule", 1),
    ("git", 1),
    ("prefilter", 2),
    ("finding", 2),
    ("matcher", 3),
    ("attribution", 3),
    ("report", 3),
    ("baseline", 3),
    ("verify", 3),
    ("filter", 4),
    ("scanner", 5),
    ("source", 6),
    ("proof", 6),
    ("pipeline", 7),
    ("config", 8),
    ("cli", 9),
];

/// Modules that may be missing still. Once one is there for good, it moves to the table above.
const PLANNED: &[(&str, u8)] = &[];

/// Arrows within a layer: importer, imported.
const SIBLINGS: &[(&str, &str)] = &[
    // A document says where in a file a mistake stands.
    ("document", "span"),
    // A run is a span; a value has a run of token characters.
    ("token", "span"),
    // Token characters are told by tables.
    ("token", "lookup"),
    // A column of a record is a span.
    ("record", "span"),
    ("assignment", "span"),
    ("assignment", "token"),
    // Where a token may begin in base64 of an image, which looks drawn.
    ("boundary", "randomness"),
    // Days as people write them rest on the arithmetic of days.
    ("moment", "calendar"),
];

/// Arrows that point down and are wrong all the same: one blob in, matches out, and nothing else.
const FORBIDDEN: &[(&str, &str)] =
    &[("scanner", "baseline"), ("scanner", "git"), ("scanner", "report"), ("scanner", "verify")];

/// Names that say nothing, so that everything ends up in them.
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "misc", "types", "util", "utilities", "utils"];

#[test]
fn arrows_point_down() {
    let found = problems(&sources());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_module_of_the_table_exists() {
    let sources = sources();
    let present: BTreeSet<_> = sources.iter().filter_map(|s| s.module.first()).collect();
    let missing: Vec<_> =
        LAYERS.iter().filter(|(name, _)| !present.contains(&(*name).to_owned())).collect();
    assert!(missing.is_empty(), "in the table, but not in src/: {missing:?}");
}

/// Names by which a program reaches a network.
const SOCKETS: &[&str] = &[
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "UnixDatagram",
    "UnixListener",
    "UnixStream",
    "rustls",
    "ureq",
];

#[test]
fn only_live_checks_reach_a_network() {
    for source in sources().iter().filter(|s| !s.is_test()) {
        if source.module.first().is_some_and(|m| m == "verify") {
            continue;
        }
        let words = words(&without_tests(&blank(&source.text)));
        let socket = words.iter().find(|w| SOCKETS.contains(&w.text.as_str()));
        let Some(socket) = socket else { continue };
        panic!("{}:{}: only `verify` may use `{}`", source.path, socket.line, socket.text);
    }
}

/// A file of `src/`.
struct Source {
    /// Its path, for messages.
    path: String,
    /// The module that it is: `["decode", "hex"]`; empty for the crate roots.
    module: Vec<String>,
    text: String,
}

impl Source {
    /// `path` is relative to the package and has `/` between its parts.
    fn new(path: &str, text: impl Into<String>) -> Self {
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") || matches!(inner, "lib" | "main") {
            module.pop();
        }
        Self { path: path.to_owned(), module, text: text.into() }
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
            || self.path.contains("/tests/")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(root, &root.join("src"), &mut found);
    assert!(!found.is_empty(), "no sources under {}", root.display());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of src/") {
        let path = entry.expect("an entry of src/").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let inside = path.strip_prefix(root).expect("inside of the package");
            let parts: Vec<_> = inside.iter().map(|p| p.to_string_lossy()).collect();
            found.push(Source::new(&parts.join("/"), fs::read_to_string(&path).expect("text")));
        }
    }
}

/// Everything that is wrong with these sources, one line each.
fn problems(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        if !source.text.trim_start_matches('\u{feff}').trim_start().starts_with("//!") {
            found.push(format!("{}: no `//!` at its top says what it is", source.path));
        }
        if let Some(name) = source.module.iter().find(|m| EMPTY_NAMES.contains(&m.as_str())) {
            found.push(format!("{}: `{name}` is no name for a module", source.path));
        }
        let words = words(&without_tests(&blank(&source.text)));
        found.extend(empty_names(source, &words));
        // Tests may use everything; `randomness_tests.rs` is a part of `randomness`, and no module.
        let Some(module) = source.module.first().filter(|_| !source.is_test()) else { continue };
        if layer(module).is_none() {
            found.push(format!("{}: the table of layers lacks `{module}`", source.path));
        } else {
            let arrows = arrows(&source.module, &words);
            found.extend(arrows.iter().filter_map(|arrow| wrong(source, module, arrow)));
        }
    }
    found
}

fn layer(module: &str) -> Option<u8> {
    let all = LAYERS.iter().chain(PLANNED);
    all.into_iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// `mod utils`, in a file of any name.
fn empty_names(source: &Source, words: &[Word]) -> Vec<String> {
    let pairs = words.windows(2).filter(|pair| pair[0].text == "mod");
    let bad = pairs.filter(|pair| EMPTY_NAMES.contains(&pair[1].text.as_str()));
    let say =
        |w: &Word| format!("{}:{}: `{}` is no name for a module", source.path, w.line, w.text);
    bad.map(|pair| say(&pair[1])).collect()
}

/// What is wrong with an arrow from `module`, if anything.
fn wrong(source: &Source, module: &str, arrow: &Word) -> Option<String> {
    let target = arrow.text.as_str();
    let place = format!("{}:{}", source.path, arrow.line);
    let from = layer(module)?;
    if target == module {
        return None;
    }
    let Some(to) = layer(target) else {
        return Some(format!("{place}: `crate::{target}` is no module of the table of layers"));
    };
    let pair = (module, target);
    let sibling = to == from && SIBLINGS.contains(&pair);
    if (to < from && !FORBIDDEN.contains(&pair)) || sibling {
        return None;
    }
    Some(format!("{place}: `{module}` (layer {from}) must not import `{target}` (layer {to})"))
}

/// A word or a mark of the source.
struct Word {
    text: String,
    line: usize,
}

/// The modules of the crate root that `words` name, by `crate::` or by enough `super::`.
fn arrows(module: &[String], words: &[Word]) -> Vec<Word> {
    let text = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut inline: Vec<usize> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let mut next = i + 1;
        match text(i) {
            "{" => {
                depth += 1;
                if i >= 2 && text(i - 2) == "mod" {
                    inline.push(depth);
                }
            }
            "}" => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                }
                depth = depth.saturating_sub(1);
            }
            "crate" if text(i + 1) == "::" => found.extend(named(words, i + 2)),
            "super" => {
                let mut up = 0;
                next = i;
                while text(next) == "super" && text(next + 1) == "::" {
                    up += 1;
                    next += 2;
                }
                if up > 0 && up >= module.len() + inline.len() {
                    found.extend(named(words, next));
                }
                next = next.max(i + 1);
            }
            _ => {}
        }
        i = next;
    }
    found
}

/// The names at `i`: one, or the first of each part of a `{…}` group.
fn named(words: &[Word], i: usize) -> Vec<Word> {
    let copy = |w: &Word| Word { text: w.text.clone(), line: w.line };
    let is_name = |w: &Word| w.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let Some(first) = words.get(i) else { return Vec::new() };
    if first.text != "{" {
        return if is_name(first) { vec![copy(first)] } else { Vec::new() };
    }
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut fresh = true;
    for word in &words[i..] {
        match word.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," if depth == 1 => fresh = true,
            _ => {
                if fresh && depth == 1 && is_name(word) && word.text != "self" {
                    found.push(copy(word));
                }
                fresh = false;
            }
        }
    }
    found
}

/// Cuts blanked source into names, `::` and single marks.
fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut line = 1;
    let mut joined = false;
    for c in text.chars() {
        let name = c.is_alphanumeric() || c == '_';
        match found.last_mut() {
            Some(last) if joined && name && is_word(&last.text) => last.text.push(c),
            Some(last) if joined && c == ':' && last.text == ":" => last.text.push(c),
            _ if c.is_whitespace() => {}
            _ => found.push(Word { text: c.to_string(), line }),
        }
        joined = !c.is_whitespace();
        line += usize::from(c == '\n');
    }
    found
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Blanks every item under `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut i = 0;
    while i + mark.len() <= chars.len() {
        if chars[i..i + mark.len()] != mark[..] {
            i += 1;
            continue;
        }
        let end = item_end(&chars, i + mark.len());
        erase(&mut chars[i..end]);
        i = end;
    }
    chars.into_iter().collect()
}

/// Where the item that begins at `start` ends: at its `;`, or behind its braces.
fn item_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0usize;
    let mut names = String::new();
    for (i, c) in chars.iter().enumerate().skip(start) {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' if depth == 0 => return i,
            '}' | ']' | ')' => depth -= 1,
            ';' if depth == 0 => return i + 1,
            _ if depth == 0 => names.push(*c),
            _ => {}
        }
        let import = names.split_whitespace().any(|w| w == "use");
        if *c == '}' && depth == 0 && !import {
            return i + 1;
        }
    }
    chars.len()
}

fn erase(chars: &mut [char]) {
    for c in chars.iter_mut().filter(|c| **c != '\n') {
        *c = ' ';
    }
}

/// Blanks comments, strings and characters; lines stay where they are.
fn blank(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        let end = opaque_end(&chars, i);
        erase(&mut chars[i..end.unwrap_or(i)]);
        i = end.unwrap_or(i + 1);
    }
    chars.into_iter().collect()
}

/// Where the comment, string or character that begins at `i` ends, if one does.
fn opaque_end(chars: &[char], i: usize) -> Option<usize> {
    let at = |k: usize| chars.get(k).copied().unwrap_or('\0');
    let find = |from: usize, wanted: char| (from..chars.len()).find(|k| at(*k) == wanted);
    match (at(i), at(i + 1)) {
        ('/', '/') => Some(find(i, '\n').unwrap_or(chars.len())),
        ('/', '*') => Some(comment_end(chars, i)),
        ('"', _) => Some(string_end(chars, i)),
        ('r', '"' | '#') => raw_end(chars, i),
        ('\'', '\\') => Some(find(i + 3, '\'').map_or(chars.len(), |k| k + 1)),
        ('\'', _) if at(i + 2) == '\'' => Some(i + 3),
        _ => None,
    }
}

fn comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0usize;
    let mut i = start;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// The end of `r"…"`, `br#"…"#` and the like; none for a name that ends in `r`, or for `r#name`.
fn raw_end(chars: &[char], start: usize) -> Option<usize> {
    let name = |c: &char| c.is_alphanumeric() || *c == '_';
    let before = start.checked_sub(1).map(|k| chars[k]).filter(name);
    let twice = start.checked_sub(2).map(|k| chars[k]).filter(name);
    if before.is_some_and(|c| !matches!(c, 'b' | 'c')) || (before.is_some() && twice.is_some()) {
        return None;
    }
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| {
        chars[i] == '"'
            && chars.get(i + 1..=i + hashes).is_some_and(|c| c.iter().all(|c| *c == '#'))
    };
    Some((open + 1..chars.len()).find(|i| closes(*i)).map_or(chars.len(), |i| i + 1 + hashes))
}

/// What is wrong with one file.
fn wrongs(path: &str, body: &str) -> Vec<String> {
    problems(&[Source::new(path, format!("//! A file.\n{body}"))])
}

#[test]
fn planted_arrows_are_caught() {
    for (path, body, target) in [
        ("src/span.rs", "use crate::rule::Rule;", "rule"),
        ("src/decode/hex.rs", "fn f() { crate::matcher::run() }", "matcher"),
        ("src/rule/mod.rs", "use crate::{\n    span::{self, Span},\n    filter,\n};", "filter"),
        ("src/report/json.rs", "use crate::verify::Answer;", "verify"),
        ("src/prefilter/mod.rs", "use crate::finding;", "finding"),
        ("src/span.rs", "use super::blob::Blob;", "blob"),
        ("src/decode/hex.rs", "use super::super::prefilter::Bank;", "prefilter"),
        ("src/decode/hex.rs", "mod x { use super::super::super::{span, cli}; }", "cli"),
        ("src/scanner.rs", "use crate::git::Pack;", "git"),
        ("src/blob.rs", "const A: char = '\"'; use crate::cli; const B: char = '\"';", "cli"),
        ("src/blob.rs", "const A: &str = r#\"\\\"#; use crate::cli;", "cli"),
        ("src/blob.rs", "#[cfg(test)]\nuse crate::{span, cli};\nuse crate::config;", "config"),
        ("src/blob.rs", "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::config;", "config"),
        ("src/blob.rs", "use crate::elsewhere;", "elsewhere"),
    ] {
        let found = wrongs(path, body);
        assert_eq!(found.len(), 1, "{path}: {body}: {found:?}");
        assert!(found[0].contains(&format!("{target}`")), "{found:?}");
    }
}

#[test]
fn arrows_down_and_within_are_fine() {
    for (path, body) in [
        ("src/matcher.rs", "use crate::{decode, prefilter::{self, Use}, span::Span};"),
        ("src/filter/mod.rs", "use crate::matcher::Match; use crate::filter::allow;"),
        ("src/document.rs", "use crate::span::Span;"),
        ("src/decode/hex.rs", "use super::text::Text; pub(crate) fn f() {}"),
        ("src/span.rs", "mod inner { use super::Span; }"),
        ("src/span.rs", "// use crate::cli;\n/* crate::cli /* */ crate::cli */"),
        ("src/span.rs", "/// See [`crate::cli`].\nconst A: &str = \"\\\" use crate::cli;\";"),
        ("src/span.rs", "const A: &[u8] = br##\"\"# crate::cli\"##; fn f<'a>(a: &'a str) {}"),
        ("src/span.rs", "#[cfg(test)]\nmod tests {\n    use crate::cli::run;\n}"),
        ("src/span.rs", "#[cfg(test)]\n#[path = \"x\"]\nmod tests;\n#[cfg(test)] use crate::cli;"),
        ("src/filter/allow_tests.rs", "use crate::scanner::scan;"),
        ("src/span_tests.rs", "use crate::scanner::scan;"),
        ("src/source/archive/tests.rs", "use crate::cli::run;"),
        ("src/main.rs", "use crate::cli;"),
    ] {
        assert_eq!(wrongs(path, body), Vec::<String>::new(), "{path}: {body}");
    }
}

#[test]
fn messages_name_the_line() {
    let found = wrongs("src/span.rs", "\n\nuse std::fmt;\nuse crate::{\n    rule::Rule,\n};\n");
    assert_eq!(found, ["src/span.rs:6: `span` (layer 0) must not import `rule` (layer 1)"]);
}

#[test]
fn strangers_and_empty_names_are_caught() {
    let found = wrongs("src/quux.rs", "");
    assert_eq!(found, ["src/quux.rs: the table of layers lacks `quux`"]);
    let found = wrongs("src/rule/helpers.rs", "");
    assert_eq!(found, ["src/rule/helpers.rs: `helpers` is no name for a module"]);
    let found = wrongs("src/rule/set.rs", "mod misc {}");
    assert_eq!(found, ["src/rule/set.rs:2: `misc` is no name for a module"]);
    let bare = Source::new("src/rule/set.rs", "/// A set.\nstruct Set;\n");
    assert_eq!(problems(&[bare]), ["src/rule/set.rs: no `//!` at its top says what it is"]);
}
