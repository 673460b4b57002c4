//! git objects: packs read directly, everything else through libgit2.
//!
//! From the outside in:
//! - [`repository`] finds the object directories and the refs,
//! - [`store`] opens what the directories hold, and reads single objects,
//! - [`traversal`] visits all objects of some kinds, each rebuilt once, on all cores,
//! - [`delta::Changes`] tells a visitor which bytes of an object its base did not have,
//! - [`commit`], [`tree`] and [`graph`] read what the objects say,
//! - [`objects`], [`trees`], [`walk`] and [`staged`] read the few objects of a commit to be, or of a
//!   range of commits.
//!
//! A history scan is: [`repository::Repository::discover`], [`store::Store::open`], one traversal
//! of the blobs with a visitor that searches [`delta::Changes::windows`] and carries the rest; a
//! second one of commits and tags for their messages, which fills a [`graph::Builder`]; and, if
//! blobs with a match were found, a third of the trees, whose entries ([`tree::TreeEntries`]) name
//! them. What could not be read is in [`traversal::Traversed::damages`], [`store::Store::unreadable`],
//! [`repository::Repository::missing_alternates`] and [`graph::Graph::missing`].

pub mod commit;
pub mod damages;
pub mod delta;
pub mod graph;
pub mod index;
mod inflate;
mod loose;
mod map;
pub mod object;
pub mod objects;
pub mod pack;
pub mod repository;
pub mod staged;
pub mod store;
pub mod traversal;
pub mod tree;
pub mod trees;
pub mod walk;
