//! Deltas: how a pack says "this object is that one, with these changes".
//!
//! A [`Delta`] is checked as a whole when it is parsed, before any memory is taken for its result;
//! after that [`Delta::apply`] rebuilds the object and [`Delta::segments`] says where each of its
//! bytes came from. [`Changes`] turns the segments into what a search needs: the windows that must
//! be searched again, and the new places of what was found in the base.
//!
//! Not here: where deltas are stored, or how they are compressed.

mod changes;

pub use changes::{Changes, Reach, Window};

/// What is wrong with a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// The two sizes at the front do not end.
    #[error("its sizes are cut off or too large")]
    Sizes,
    /// An instruction is cut off.
    #[error("the instruction at byte {at} is cut off")]
    Cut {
        /// Offset in the inflated delta.
        at: usize,
    },
    /// The instruction byte 0, which git reserves.
    #[error("the instruction at byte {at} is reserved")]
    Reserved {
        /// Offset in the inflated delta.
        at: usize,
    },
    /// A copy from beyond the end of the base.
    #[error("the instruction at byte {at} copies from beyond its base")]
    Copy {
        /// Offset in the inflated delta.
        at: usize,
    },
    /// The instructions make more or fewer bytes than the delta says.
    #[error("its instructions make {made} bytes where it says {stated}")]
    Result {
        /// Size in the delta's header.
        stated: u64,
        /// Sum of the instructions.
        made: u64,
    },
    /// The delta is for a base of another size.
    #[error("it wants a base of {stated} bytes, its base has {real}")]
    Base {
        /// Size in the delta's header.
        stated: u64,
        /// Size of the base.
        real: u64,
    },
}

/// Where a run of the result's bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// `len` bytes of the base, from `from` on, are at `to` in the result.
    Copy {
        /// Offset in the base.
        from: usize,
        /// Offset in the result.
        to: usize,
        /// Number of bytes, never 0.
        len: usize,
    },
    /// These bytes are at `to` in the result.
    Insert {
        /// Offset in the result.
        to: usize,
        /// The new bytes, never none.
        bytes: &'a [u8],
    },
}

/// A delta whose every instruction was checked.
#[derive(Clone, Copy, Debug)]
pub struct Delta<'a> {
    base_len: usize,
    result_len: usize,
    instructions: &'a [u8],
}

impl<'a> Delta<'a> {
    /// Checks an inflated delta against the length of its base.
    pub fn parse(bytes: &'a [u8], base_len: usize) -> Result<Self, DeltaError> {
        let (stated_base, rest) = size(bytes).ok_or(DeltaError::Sizes)?;
        let (stated_result, instructions) = size(rest).ok_or(DeltaError::Sizes)?;
        if stated_base != base_len as u64 {
            return Err(DeltaError::Base { stated: stated_base, real: base_len as u64 });
        }
        let result_len = usize::try_from(stated_result).map_err(|_| DeltaError::Sizes)?;
        let made = check(instructions, base_len, bytes.len() - instructions.len())?;
        if made != stated_result {
            return Err(DeltaError::Result { stated: stated_result, made });
        }
        Ok(Self { base_len, result_len, instructions })
    }

    /// Bytes of the base.
    pub fn base_len(&self) -> usize {
        self.base_len
    }

    /// Bytes of the result.
    pub fn result_len(&self) -> usize {
        self.result_len
    }

    /// The origin of every byte of the result, in order.
    pub fn segments(&self) -> Segments<'a> {
        Segments { rest: self.instructions, to: 0 }
    }

    /// Rebuilds the result into `out`, which must have [`Delta::result_len`] bytes; `base` must be
    /// the base that the delta was parsed for. Both are checked: `None` if a length is wrong.
    pub fn apply(&self, base: &[u8], out: &mut [u8]) -> Option<()> {
        if base.len() != self.base_len || out.len() != self.result_len {
            return None;
        }
        let (mut rest, mut at) = (self.instructions, 0);
        while let Some((instruction, after)) = instruction(rest) {
            let (source, len) = match instruction {
                Instruction::Copy { from, len } => (base.get(from..)?, len),
                // From the opcode's next byte on: more than is inserted, so that `put` can be fast.
                Instruction::Insert(bytes) => (rest.get(1..)?, bytes.len()),
            };
            put(out, at, source, len)?;
            rest = after;
            at += len;
        }
        (at == out.len()).then_some(())
    }
}

/// The segments of a delta, in order of the result.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    rest: &'a [u8],
    to: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let (instruction, rest) = instruction(self.rest)?;
        let (segment, len) = match instruction {
            Instruction::Copy { from, len } => (Segment::Copy { from, to: self.to, len }, len),
            Instruction::Insert(bytes) => (Segment::Insert { to: self.to, bytes }, bytes.len()),
        };
        self.rest = rest;
        self.to += len;
        Some(segment)
    }
}

enum Instruction<'a> {
    Copy { from: usize, len: usize },
    Insert(&'a [u8]),
}

/// Length of a copy whose three size bytes are all zero.
const COPY_DEFAULT: usize = 0x10000;

/// Splits the first instruction off; `None` at the end, on a cut one and on the reserved one.
#[inline(always)]
fn instruction(bytes: &[u8]) -> Option<(Instruction<'_>, &[u8])> {
    let (&opcode, rest) = bytes.split_first()?;
    if opcode & 0x80 == 0 {
        let (data, rest) = rest.split_at_checked(opcode.into())?;
        return (opcode != 0).then_some((Instruction::Insert(data), rest));
    }
    let &Shape { offset_mask, offset_bits, size_mask, len: count } =
        SHAPES.get(usize::from(opcode & 0x7f))?;
    let value = match rest.first_chunk::<8>() {
        Some(word) if size_mask != 0 => {
            let word = u64::from_le_bytes(*word);
            (word & offset_mask, word >> offset_bits & size_mask)
        }
        _ => spread(rest.get(..usize::from(count))?, opcode),
    };
    let after = rest.get(usize::from(count)..)?;
    let (from, len) = (value.0 as usize, value.1 as usize);
    let len = if len == 0 { COPY_DEFAULT } else { len };
    Some((Instruction::Copy { from, len }, after))
}

/// Where the arguments of a copy are, by its opcode: which bytes there are depends on the data, and
/// a branch for each bit would be guessed wrong too often.
#[derive(Clone, Copy)]
struct Shape {
    offset_mask: u64,
    offset_bits: u8,
    /// 0 for the few opcodes that leave a byte out between others, and for those without a size.
    size_mask: u64,
    len: u8,
}

static SHAPES: [Shape; 128] = shapes();

const fn shapes() -> [Shape; 128] {
    let none = Shape { offset_mask: 0, offset_bits: 0, size_mask: 0, len: 0 };
    let mut shapes = [none; 128];
    let mut opcode = 0;
    while opcode < shapes.len() {
        let (offset, size) = (opcode as u32 & 15, opcode as u32 >> 4);
        let (offset_len, size_len) = (offset.count_ones(), size.count_ones());
        let plain = offset & (offset + 1) == 0 && size & (size + 1) == 0;
        shapes[opcode] = Shape {
            offset_mask: (1 << (8 * offset_len)) - 1,
            offset_bits: 8 * offset_len as u8,
            size_mask: if plain { (1 << (8 * size_len)) - 1 } else { 0 },
            len: (offset_len + size_len) as u8,
        };
        opcode += 1;
    }
    shapes
}

/// Puts the arguments where the bits of the opcode say: the offset and the size.
fn spread(arguments: &[u8], opcode: u8) -> (u64, u64) {
    let mut arguments = arguments.iter();
    let mut value = 0u64;
    for bit in (0..7).filter(|bit| opcode & 1 << bit != 0) {
        value |= u64::from(arguments.next().copied().unwrap_or_default()) << (8 * bit);
    }
    (value & 0xffff_ffff, value >> 32)
}

/// Most runs are shorter; these are copied without a call, with what follows them.
const SHORT: usize = 32;

/// Copies the first `len` bytes of `source` to `out` at `at`. The bytes behind them may change too:
/// what comes next overwrites them.
#[inline]
fn put(out: &mut [u8], at: usize, source: &[u8], len: usize) -> Option<()> {
    let out = out.get_mut(at..)?;
    if len <= SHORT
        && let (Some(to), Some(from)) =
            (out.first_chunk_mut::<SHORT>(), source.first_chunk::<SHORT>())
    {
        *to = *from;
        return Some(());
    }
    out.get_mut(..len)?.copy_from_slice(source.get(..len)?);
    Some(())
}

/// Checks all instructions; returns how many bytes they make. `start` is where they begin.
fn check(instructions: &[u8], base_len: usize, start: usize) -> Result<u64, DeltaError> {
    let (mut rest, mut made) = (instructions, 0u64);
    while let Some(&opcode) = rest.first() {
        let at = start + instructions.len() - rest.len();
        if opcode == 0 {
            return Err(DeltaError::Reserved { at });
        }
        let (instruction, after) = instruction(rest).ok_or(DeltaError::Cut { at })?;
        rest = after;
        made += match instruction {
            Instruction::Insert(bytes) => bytes.len() as u64,
            Instruction::Copy { from, len } => {
                if from.checked_add(len).is_none_or(|end| end > base_len) {
                    return Err(DeltaError::Copy { at });
                }
                len as u64
            }
        };
    }
    Ok(made)
}

/// A size in groups of seven bits, lowest first.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().enumerate() {
        let group = u64::from(byte & 0x7f);
        let shift = u32::try_from(i).ok()?.checked_mul(7)?;
        if shift > 63 || group << shift >> shift != group {
            return None;
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(i + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_copy_reads_the_bytes_that_its_bits_say(
            opcode in 0x80u8..,
            rest in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let bytes: Vec<u8> = [opcode].into_iter().chain(rest.iter().copied()).collect();
            let mut value = [0; 8];
            let mut arguments = rest.iter();
            let mut whole = true;
            for bit in (0..7).filter(|bit| opcode >> bit & 1 != 0) {
                match arguments.next() {
                    Some(byte) => value[bit] = *byte,
                    None => whole = false,
                }
            }
            let value = u64::from_le_bytes(value);
            match instruction(&bytes) {
                Some((Instruction::Copy { from, len }, after)) => {
                    prop_assert!(whole);
                    prop_assert_eq!(from as u64, value & 0xffff_ffff);
                    prop_assert_eq!(len as u64, if value >> 32 == 0 { 0x10000 } else { value >> 32 });
                    prop_assert_eq!(after, arguments.as_slice());
                }
                other => prop_assert!(other.is_none() && !whole),
            }
        }
    }
}
