//! Where a pack that does not have all of its bases gets them from.

use crate::git::object::Kind;

/// Finds bases that a pack names and does not have.
pub trait Bases: Sync {
    /// The object of this name, from wherever it is.
    fn base(&self, name: &[u8]) -> Option<(Kind, Vec<u8>)>;
}

/// Finds none.
#[derive(Clone, Copy, Debug)]
pub struct NoBases;

impl Bases for NoBases {
    fn base(&self, _: &[u8]) -> Option<(Kind, Vec<u8>)> {
        None
    }
}
