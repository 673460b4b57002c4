//! Whether an allow comment was there before the range.
//!
//! The version at hand is compared with the base's, line by line, with every secret in both of them
//! taken out: a comment is the base's if its line is. So a key that takes another one's place under a
//! comment is allowed as that one was, and a copy of an allowed line is not.

use super::Holder;
use crate::git::object::ObjectId;
use crate::git::trees::Trees;
use crate::source::version::{Allowed, Versions};
use crate::span::Span;

/// What stands for a secret.
const MASK: &[u8] = b"\0secret\0";

pub(super) struct Trust<'a> {
    trees: &'a Trees<'a>,
    versions: &'a Versions<'a>,
    base: Option<ObjectId>,
}

impl<'a> Trust<'a> {
    pub(super) fn new(
        trees: &'a Trees<'a>,
        versions: &'a Versions<'a>,
        base: Option<ObjectId>,
    ) -> Self {
        Self { trees, versions, base }
    }

    /// Whether the base has the comment in the same place of the same file.
    pub(super) fn knows(&self, Holder { file, origin }: &Holder, allowed: &Allowed) -> bool {
        let old = self.base.and_then(|base| self.trees.file(&base, origin));
        let Some(old) = old else { return false };
        // Both as they are seen at the new path: at the old one an allowlist may have hidden the secrets.
        let [old, new] = [&old, &file.id].map(|id| self.masked(&file.path, id));
        let (Some(old), Some(new)) = (old, new) else { return false };
        is_kept(&old, &new, allowed.line)
    }

    /// The content of a version without its secrets.
    fn masked(&self, path: &[u8], id: &ObjectId) -> Option<Vec<u8>> {
        let bytes = self.versions.bytes(id)?;
        let spans = self.versions.spans(path, id);
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for Span { start, end } in spans {
            // A secret over several lines, or one in another: the lines must stay lines.
            let secret = bytes.get(start..end).unwrap_or_default();
            if start < at || secret.contains(&b'\n') {
                continue;
            }
            out.extend_from_slice(bytes.get(at..start)?);
            out.extend_from_slice(MASK);
            at = end;
        }
        out.extend_from_slice(bytes.get(at..)?);
        Some(out)
    }
}

/// Whether a difference between two texts leaves line `line` (from 0) of the new one as it was.
fn is_kept(old: &[u8], new: &[u8], line: usize) -> bool {
    let mut options = git2::DiffOptions::new();
    options.context_lines(0).force_text(true);
    let patch = git2::Patch::from_buffers(old, None, new, None, Some(&mut options));
    let Ok(patch) = patch else { return false };
    (0..patch.num_hunks()).all(|number| {
        let Ok((hunk, _)) = patch.hunk(number) else { return false };
        // Lines of a hunk count from 1.
        let (start, lines) = (hunk.new_start() as usize, hunk.new_lines() as usize);
        !(start..start + lines).contains(&(line + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn a_line_is_kept_where_it_was_and_a_copy_is_not() {
        let (old, new) = (b"a\nb # allow\nc\n", b"x\na\nb # allow\nc\nb # allow\n");
        assert!(is_kept(old, new, 2));
        assert!(!is_kept(old, new, 4));
        assert!(!is_kept(old, new, 0));
        assert!(!is_kept(b"", new, 2));
        assert!(is_kept(old, old, 1));
    }
}
