//! A pack of which a few objects are wanted: found by its index, nothing else looked at.
//!
//! Opening one costs two maps, where a [`super::Pack`] checks every entry. Not here: reading many
//! objects, for which a [`super::Pack`] is many times faster.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::entry::{Form, Header};
use super::index::Index;
use super::{Bases, Damage, PackError, Reason, within};
use crate::git::delta::Delta;
use crate::git::inflate::{Inflater, plausible};
use crate::git::map::Bytes;
use crate::git::object::{Kind, ObjectFormat, ObjectId};

/// Deltas on each other; git itself makes at most 4095.
const LONGEST_CHAIN: usize = 10_000;

/// A pack and its index.
#[derive(Debug)]
pub(crate) struct Volume {
    path: Arc<Path>,
    index: Index,
    bytes: OnceLock<Result<Bytes, std::io::ErrorKind>>,
}

impl Volume {
    /// Maps the index beside the pack at `path`; the pack itself when something of it is wanted.
    pub(crate) fn open(path: &Path, format: ObjectFormat) -> Result<Self, PackError> {
        let place = path.with_extension("idx");
        let index = Bytes::map(&place)
            .map_err(|source| PackError::Read { path: place.as_path().into(), source })?;
        let index = Index::new(index, format)
            .map_err(|problem| PackError::Bad { path: place.as_path().into(), problem })?;
        Ok(Self { path: path.into(), index, bytes: OnceLock::new() })
    }

    /// Where the object of a name is.
    pub(crate) fn find(&self, name: &[u8]) -> Option<u64> {
        self.index.offset(self.index.find(name)?)
    }

    /// Rebuilds the object at `offset`; `bases` has bases that deltas name.
    pub(crate) fn read(
        &self,
        offset: u64,
        limit: u64,
        bases: &dyn Bases,
    ) -> Result<(Kind, Vec<u8>), Damage> {
        self.rebuild(offset, limit, bases).map_err(|(at, reason)| Damage {
            pack: self.path.clone(),
            offset: at,
            name: None::<ObjectId>,
            reason,
        })
    }

    fn rebuild(
        &self,
        offset: u64,
        limit: u64,
        bases: &dyn Bases,
    ) -> Result<(Kind, Vec<u8>), (u64, Reason)> {
        let opened = self.bytes.get_or_init(|| Bytes::map(&self.path).map_err(|e| e.kind()));
        let bytes = opened.as_ref().map_err(|kind| (0, Reason::Read(*kind)))?;
        let mut inflater = Inflater::new();
        let mut deltas: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut at = offset;
        let (kind, mut content) = loop {
            let fail = |reason| (at, reason);
            if deltas.len() > LONGEST_CHAIN {
                return Err(fail(Reason::Cycle));
            }
            let raw = usize::try_from(at).ok().and_then(|start| bytes.get(start..));
            let raw = raw.ok_or(fail(Reason::Offset))?;
            let header = Header::parse(raw, self.index.format().name_len()).map_err(fail)?;
            let data = raw.get(header.len..).ok_or(fail(Reason::Header))?;
            if !plausible(header.size, data.len()) {
                return Err(fail(Reason::Implausible { stated: header.size }));
            }
            let mut out = vec![0; within(header.size, limit).map_err(fail)?];
            inflater.inflate(data, &mut out).map_err(fail)?;
            match header.form {
                Form::Full(kind) => break (kind, out),
                Form::Offset(back) => {
                    let base = at.checked_sub(back).filter(|_| back > 0);
                    deltas.push((at, out));
                    at = base.ok_or(fail(Reason::Base))?;
                }
                Form::Name(name) => match self.find(name) {
                    Some(base) => {
                        deltas.push((at, out));
                        at = base;
                    }
                    None => {
                        let base = bases.base(name).ok_or(fail(Reason::missing_base(name)))?;
                        deltas.push((at, out));
                        break base;
                    }
                },
            }
        };
        while let Some((at, delta)) = deltas.pop() {
            let fail = |reason| (at, reason);
            let delta = Delta::parse(&delta, content.len()).map_err(|e| fail(e.into()))?;
            let length = within(delta.result_len() as u64, limit).map_err(fail)?;
            let mut out = vec![0; length];
            delta.apply(&content, &mut out).ok_or(fail(Reason::Base))?;
            content = out;
        }
        Ok((kind, content))
    }
}
