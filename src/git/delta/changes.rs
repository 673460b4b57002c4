//! What a search needs to know of a delta: where to look again, and what merely moved.
//!
//! The search is for *anchors*: offsets (of a literal, of a match) of which it decides by the bytes
//! from `before` bytes in front of the anchor to `after` bytes behind it, and by where the object
//! begins or ends if that is nearer. An anchor whose whole surroundings were copied as one run is
//! decided as it was in the base; all others lie in a window. The two sets are complements by
//! construction, so that *carried anchors + anchors found in windows* is exactly what a search of
//! every byte finds: none lost, none twice.
//!
//! Not here: what is searched for.

use super::{Delta, Segment};
use crate::span::Span;

/// How far a decision about an anchor looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Bytes in front of the anchor.
    pub before: usize,
    /// Bytes from the anchor on: whole match, longest literal and right context included.
    pub after: usize,
}

/// Kept runs shorter than this are searched again: a search has a price to start.
const WORTH_KEEPING: usize = 192;

/// A piece of the result to search again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where an anchor must begin to count. Anchors outside are another window's, or carried.
    pub anchors: Span,
    /// All that a decision about those anchors may look at.
    pub bytes: Span,
}

/// Anchors at `from..from + len` of the base are at `to..` in the result, decided as before.
#[derive(Clone, Copy, Debug)]
struct Kept {
    from: usize,
    to: usize,
    len: usize,
}

/// The kept and the changed parts of one result. Reuse it: it holds its memory.
#[derive(Debug, Default)]
pub struct Changes {
    kept: Vec<Kept>,
    result_len: usize,
    reach: Option<Reach>,
}

impl Changes {
    /// An empty one; [`Changes::read`] fills it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Works out what `delta` keeps for a search that looks as far as `reach`.
    pub fn read(&mut self, delta: &Delta<'_>, reach: Reach) {
        self.kept.clear();
        self.result_len = delta.result_len();
        self.reach = Some(reach);
        let mut run: Option<Kept> = None;
        for segment in delta.segments() {
            let Segment::Copy { from, to, len } = segment else {
                self.keep(run.take(), delta, reach);
                continue;
            };
            match &mut run {
                // git splits long copies: one run if they go on where the last one ended.
                Some(run) if run.from + run.len == from => run.len += len,
                _ => self.keep(run.replace(Kept { from, to, len }), delta, reach),
            }
        }
        self.keep(run, delta, reach);
    }

    /// Notes the anchors of a copied run whose surroundings are all in it.
    fn keep(&mut self, run: Option<Kept>, delta: &Delta<'_>, reach: Reach) {
        let Some(run) = run else { return };
        let at_start = run.from == 0 && run.to == 0;
        let at_end = run.from + run.len == delta.base_len() && run.to + run.len == self.result_len;
        let skip = if at_start { 0 } else { reach.before };
        // The last kept anchor is at `len - after`: that one sees exactly the last byte.
        let end = if at_end { run.len } else { (run.len + 1).saturating_sub(reach.after) };
        // An anchor may not be the position behind the run's last byte.
        let len = end.min(run.len).saturating_sub(skip);
        if len >= WORTH_KEEPING {
            self.kept.push(Kept { from: run.from + skip, to: run.to + skip, len });
        }
    }

    /// The pieces to search, in order; together with the kept runs they hold every offset once.
    pub fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        let reach = self.reach.unwrap_or(Reach { before: 0, after: 0 });
        let ends = self.kept.iter().map(|kept| (kept.to, kept.to + kept.len));
        let mut start = 0;
        ends.chain([(self.result_len, self.result_len)]).filter_map(move |(end, next)| {
            let anchors = Span::new(std::mem::replace(&mut start, next), end);
            let bytes = Span::new(
                anchors.start.saturating_sub(reach.before),
                anchors.end.saturating_add(reach.after).min(self.result_len),
            );
            (!anchors.is_empty()).then_some(Window { anchors, bytes })
        })
    }

    /// Calls `found` with each of the base's items that lives on and the offset where its anchor
    /// is now, in order of that offset (one can live on in several places). `items` must be sorted
    /// by `anchor`, which tells an item's offset in the base.
    pub fn carry<'i, T>(
        &self,
        items: &'i [T],
        anchor: impl Fn(&T) -> usize,
        mut found: impl FnMut(&'i T, usize),
    ) {
        if items.is_empty() {
            return;
        }
        for kept in &self.kept {
            let first = items.partition_point(|item| anchor(item) < kept.from);
            for item in items.iter().skip(first) {
                let offset = anchor(item);
                if offset >= kept.from + kept.len {
                    break;
                }
                found(item, offset - kept.from + kept.to);
            }
        }
    }
}
