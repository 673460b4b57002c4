//! git objects, refs and indexes, read directly; configurations through libgit2.
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
//! A history scan is: [`repository::Repository::discover`], [`store::Store::open`], and one traversal
//! of everything with a visitor that searches [`delta::Changes::windows`] of blobs and carries the
//! rest, fills a [`graph::Builder`] with the commits, and asks [`store::Store::contains`] for what the
//! trees name; if blobs with a match were found, there is a second one of the trees, whose entries
//! ([`tree::TreeEntries`]) name them. What could not be read is in [`traversal::Traversed::damages`], [`store::Store::unreadable`],
//! [`repository::Repository::missing_alternates`] and [`graph::Graph::gaps`].

pub mod commit;
pub mod damages;
pub mod delta;
pub mod graph;
pub mod heads;
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
