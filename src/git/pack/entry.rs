//! The header of a pack entry: type, inflated size, base.
//!
//! Layout: <https://git-scm.com/docs/pack-format>.

use super::Reason;
use crate::git::object::Kind;

const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// What an entry's header says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// A whole object.
    Full(Kind),
    /// A delta; the base is this many bytes in front of the entry.
    Offset(u64),
    /// A delta; the base has this name.
    Name(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) form: Form<'a>,
    /// Inflated size of what follows.
    pub(super) size: u64,
    /// Bytes of the header itself.
    pub(super) len: usize,
}

impl<'a> Header<'a> {
    pub(super) fn parse(bytes: &'a [u8], name_len: usize) -> Result<Self, Reason> {
        let (&first, mut rest) = bytes.split_first().ok_or(Reason::Header)?;
        let mut size = u64::from(first & 0xf);
        let (mut byte, mut shift) = (first, 4u32);
        while byte & 0x80 != 0 {
            (byte, rest) = rest.split_first().map(|(b, r)| (*b, r)).ok_or(Reason::Header)?;
            let group = u64::from(byte & 0x7f);
            if shift > 63 || group << shift >> shift != group {
                return Err(Reason::Header);
            }
            size |= group << shift;
            shift += 7;
        }
        let form = match first >> 4 & 7 {
            OFS_DELTA => Form::Offset(distance(&mut rest).ok_or(Reason::Header)?),
            REF_DELTA => {
                let (name, after) = rest.split_at_checked(name_len).ok_or(Reason::Header)?;
                rest = after;
                Form::Name(name)
            }
            number => Form::Full(Kind::from_number(number).ok_or(Reason::Header)?),
        };
        Ok(Self { form, size, len: bytes.len() - rest.len() })
    }
}

/// The distance to a base: groups of seven bits, highest first, each but the last one more.
fn distance(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value = value.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

/// Four bytes, highest first.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|four| u32::from_be_bytes(*four))
}
