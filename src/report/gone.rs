//! Who holds a secret that HEAD does not hold, in the words of reports.
//!
//! Not here: since when.

use crate::finding::Occurrence;

/// Who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone<'a> {
    /// A commit that a ref reaches.
    History,
    /// No commit; these refs name it, or a tree with it.
    Refs(&'a [String]),
    /// Nothing that a ref reaches.
    Unreachable,
}

impl<'a> Gone<'a> {
    /// Nothing where HEAD holds it, or no history was asked.
    pub(super) fn of(place: &'a Occurrence) -> Option<Self> {
        match place {
            Occurrence { in_head: None | Some(true), .. } => None,
            _ if place.reach.unreachable => Some(Gone::Unreachable),
            _ if place.commit.is_some() => Some(Gone::History),
            _ => Some(Gone::Refs(&place.reach.refs)),
        }
    }

    pub(super) fn told(self) -> String {
        match self {
            Gone::History => "not in HEAD; the history holds it".to_owned(),
            Gone::Refs([]) => "not in HEAD".to_owned(),
            Gone::Refs([only]) => format!("not in HEAD; {only} holds it"),
            Gone::Refs([first, ..]) => format!("not in HEAD; {first} and others hold it"),
            Gone::Unreachable => "only in unreachable objects: no ref leads to it".to_owned(),
        }
    }
}

/// The same in a few words, and whether HEAD holds it.
pub(super) fn brief(place: &Occurrence) -> Option<&'static str> {
    match Gone::of(place) {
        Some(Gone::Unreachable) => Some("only in unreachable objects"),
        Some(_) => Some("not in HEAD"),
        None => place.in_head.map(|_| "in HEAD"),
    }
}
