//! keytrawl finds leaked API keys in content: files, archives, git objects.
//!
//! The library is a stack of layers, each of which imports only lower ones; `tests/layers.rs` holds
//! the table. Nothing in here prints.

pub mod assignment;
pub mod attribution;
pub mod baseline;
pub mod blob;
pub mod boundary;
mod calendar;
pub mod cli;
pub mod config;
pub mod decode;
pub mod document;
pub mod filter;
pub mod finding;
pub mod git;
mod lookup;
pub mod matcher;
pub mod moment;
pub mod pipeline;
pub mod prefilter;
pub mod proof;
pub mod randomness;
pub mod record;
pub mod report;
pub mod rule;
pub mod scanner;
pub mod source;
pub mod span;
pub mod token;
pub mod verify;
pub mod visible;
