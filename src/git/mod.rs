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
//! A history scan is: [`repository::Repository::discover`], [`store::Store::open`], one traversal of
//! blobs, commits and tags with a visitor that searches [`delta::Changes::windows`] of blobs, carries
//! the rest, and fills a [`graph::Builder`] with the commits, and a second one of the trees, whose
//! entries ([`tree::TreeEntries`]) say what there must be ([`store::Store::contains`]) and where it
//! is. What could not be read is in [`traversal::Traversed::damages`], [`store::Store::unreadable`],
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
