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
        let &first = bytes.first().ok_or(Reason::Header)?;
        let (size, mut rest) = match few(bytes) {
            Some((groups, len)) => {
                let size = u64::from(first & 0xf) | compact(groups >> 8) << 4;
                (size, bytes.get(len..).ok_or(Reason::Header)?)
            }
            None => size(bytes).ok_or(Reason::Header)?,
        };
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

/// The bytes of a number that ends within eight, each but the last one with its highest bit set,
/// and how many they are. How many depends on the data, and is found without a branch on it.
#[inline]
fn few(bytes: &[u8]) -> Option<(u64, usize)> {
    let eight = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
    let last = !eight & 0x8080_8080_8080_8080;
    // All bits up to the highest one of the last byte.
    (last != 0).then(|| (eight & (last ^ (last - 1)), last.trailing_zeros() as usize / 8 + 1))
}

/// The lower seven bits of each byte, side by side.
#[inline]
fn compact(bytes: u64) -> u64 {
    let pairs = bytes & 0x007f_007f_007f_007f | (bytes & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4
}

/// The size that a header begins with, of any length, and what follows it.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut size = u64::from(first & 0xf);
    let (mut byte, mut shift) = (first, 4u32);
    while byte & 0x80 != 0 {
        (byte, rest) = rest.split_first().map(|(b, r)| (*b, r))?;
        let group = u64::from(byte & 0x7f);
        if shift > 63 || group << shift >> shift != group {
            return None;
        }
        size |= group << shift;
        shift += 7;
    }
    Some((size, rest))
}

/// The distance to a base: groups of seven bits, highest first, each but the last one more.
#[inline]
fn distance(bytes: &mut &[u8]) -> Option<u64> {
    let Some((groups, len)) = few(bytes) else { return long_distance(bytes) };
    *bytes = bytes.get(len..)?;
    let groups = groups.swap_bytes() >> (64 - 8 * len as u32);
    // One for each group but the last.
    let more = 0x0002_0408_1020_4080 & ((1 << (7 * len as u32)) - 1);
    Some(compact(groups) + more)
}

/// The same, of any length.
fn long_distance(bytes: &mut &[u8]) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_reads_what_the_long_one_does(
            tops in any::<u8>(),
            number in any::<[u8; 8]>(),
            rest in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut bytes = number.to_vec();
            for (bit, byte) in bytes.iter_mut().enumerate() {
                *byte = *byte & 0x7f | (tops >> bit & 1) << 7;
            }
            bytes.extend(rest);
            let (mut short, mut long) = (&bytes[..], &bytes[..]);
            prop_assert_eq!(distance(&mut short), long_distance(&mut long));
            prop_assert!(short == long || few(&bytes).is_none());
            bytes[0] = bytes[0] & 0x8f | 0x30;
            let parsed = Header::parse(&bytes, 20).ok();
            let expected = size(&bytes).map(|(size, rest)| (size, bytes.len() - rest.len()));
            prop_assert_eq!(parsed.map(|header| (header.size, header.len)), expected);
        }
    }
}
