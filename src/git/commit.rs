//! The header lines of commit and tag objects, read as leniently as git writes them oddly.
//!
//! Not here: how commits hang together ([`crate::git::graph`]).

use std::borrow::Cow;

use super::object::ObjectId;

/// Who, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature<'a> {
    /// The name; may be empty.
    pub name: &'a [u8],
    /// The address between the angle brackets; may be empty.
    pub email: &'a [u8],
    /// Seconds since 1970; 0 if there is no number.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Its directory.
    pub tree: ObjectId,
    /// The commits before it.
    pub parents: Vec<ObjectId>,
    /// Who wrote the change.
    pub author: Signature<'a>,
    /// Who made the commit.
    pub committer: Signature<'a>,
    /// All behind the header, as bytes of `encoding`.
    pub message: &'a [u8],
    /// What names and message are written in; UTF-8 if it is empty.
    pub encoding: &'a [u8],
    /// The header, if it has tags in it: those that a merge has taken in.
    pub merged: &'a [u8],
}

impl<'a> Commit<'a> {
    /// Reads a commit's content; `None` without a tree. Anything else may be absent or odd.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (header, message) = split(bytes);
        let mut commit = None;
        for line in header.split(|byte| *byte == b'\n') {
            let Some((key, value)) = field(line) else { continue };
            match (&mut commit, key) {
                (None, b"tree") => {
                    commit = Some(Self { message, ..Self::bare(ObjectId::from_hex(value)?) });
                }
                (Some(commit), b"parent") => commit.parents.extend(ObjectId::from_hex(value)),
                (Some(commit), b"author") => commit.author = signature(value),
                (Some(commit), b"committer") => commit.committer = signature(value),
                (Some(commit), b"encoding") => commit.encoding = value.trim_ascii(),
                (Some(commit), b"mergetag") => commit.merged = header,
                _ => {}
            }
        }
        commit
    }

    /// A commit of which nothing but the tree is known.
    pub fn bare(tree: ObjectId) -> Self {
        let (author, committer) = (Signature::default(), Signature::default());
        Self {
            tree,
            parents: Vec::new(),
            author,
            committer,
            message: b"",
            encoding: b"",
            merged: b"",
        }
    }

    /// What people wrote: the message, and those of the tags that a merge has taken in.
    pub fn text(&self) -> Cow<'a, [u8]> {
        if self.merged.is_empty() {
            return Cow::Borrowed(self.message);
        }
        let mut text = self.message.to_vec();
        let (mut in_tag, mut in_message) = (false, false);
        for line in self.merged.split(|byte| *byte == b'\n') {
            match line.strip_prefix(b" ") {
                Some(line) if in_tag => {
                    if in_message {
                        text.push(b'\n');
                        text.extend_from_slice(line);
                    }
                    in_message |= line.is_empty();
                }
                _ => (in_tag, in_message) = (line.starts_with(b"mergetag "), false),
            }
        }
        Cow::Owned(text)
    }

    /// Text of the commit as UTF-8: what is in none of the encodings that are known is replaced.
    pub fn decoded(&self, text: &[u8]) -> String {
        let names = ["iso-8859-1", "iso8859-1", "latin1", "latin-1"];
        let is_latin1 =
            names.iter().any(|name| self.encoding.eq_ignore_ascii_case(name.as_bytes()));
        if is_latin1 {
            return text.iter().copied().map(char::from).collect();
        }
        String::from_utf8_lossy(text).into_owned()
    }
}

/// What people wrote in an annotated tag: all behind its header.
pub fn tag_text(bytes: &[u8]) -> &[u8] {
    let start = memchr::memmem::find(bytes, b"\n\n").map_or(0, |at| at + 2);
    bytes.get(start..).unwrap_or_default()
}

/// What an annotated tag names.
pub fn tag_target(bytes: &[u8]) -> Option<ObjectId> {
    let (header, _) = split(bytes);
    let mut fields = header.split(|byte| *byte == b'\n').filter_map(field);
    fields.find(|(key, _)| *key == b"object").and_then(|(_, value)| ObjectId::from_hex(value))
}

/// Header and message: an empty line is between them.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memmem::find(bytes, b"\n\n") {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 2..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

/// Key and value; `None` for the further lines of a signature, which begin with a space.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b' ', line).filter(|at| *at > 0)?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

/// `Name <address> seconds zone`, any part of which may be missing.
fn signature(line: &[u8]) -> Signature<'_> {
    let open = memchr::memchr(b'<', line).unwrap_or(line.len());
    let close = memchr::memrchr(b'>', line).filter(|at| *at > open).unwrap_or(line.len());
    let name = line.get(..open).unwrap_or_default().trim_ascii();
    let email = line.get(open + 1..close).unwrap_or_default().trim_ascii();
    let rest = line.get(close + 1..).unwrap_or_default();
    let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<i64>().ok();
    let seconds = number().unwrap_or(0);
    let zone = number().and_then(|zone| i32::try_from(zone).ok()).unwrap_or(0);
    Signature { name, email, seconds, offset: zone / 100 * 60 + zone % 100 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_says_what_its_tags_say_and_in_which_encoding() {
        let id = "1".repeat(40);
        let text = format!(
            "tree {id}\nparent {id}\nauthor Jos\u{e9} <j@b> 12 +0000\nmergetag object {id}\n \
             type commit\n tag v1\n tagger A <a@b> 1 +0000\n \n the tag\n \n its end\nmergetag \
             object {id}\n tag v2\n \n another\nencoding ISO-8859-1\ngpgsig x\n \n y\n\nmerge\n"
        );
        let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        let commit = Commit::parse(&bytes).unwrap();
        let said = String::from_utf8(commit.text().into_owned()).unwrap();
        assert_eq!(said, "merge\n\nthe tag\n\nits end\nanother");
        assert_eq!(commit.decoded(commit.author.name), "Jos\u{e9}");
        let other = Commit { encoding: b"x", ..commit };
        assert_eq!(other.decoded(other.author.name), "Jos\u{fffd}");
    }

    #[test]
    fn a_commit_is_read_with_what_it_has() {
        let (tree, parent) = ("1".repeat(40), "2".repeat(40));
        let text = format!(
            "tree {tree}\nparent {parent}\nparent {tree}\nauthor A B <a@b> 12 -0130\n\
             committer <> \ngpgsig x\n parent {tree}\n\nfirst\n\nparent {tree}\n"
        );
        let commit = Commit::parse(text.as_bytes()).unwrap();
        assert_eq!(commit.tree.to_string(), tree);
        assert_eq!(commit.parents.len(), 2);
        let author = Signature { name: b"A B", email: b"a@b", seconds: 12, offset: -90 };
        assert_eq!(commit.author, author);
        assert_eq!(commit.committer, Signature::default());
        assert!(commit.message.starts_with(b"first\n\n"));
        assert_eq!(Commit::parse(b"author x\n\n"), None);
        assert_eq!(tag_target(format!("object {tree}\n").as_bytes()), Some(commit.tree));
    }
}
