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
    bytes: &'a [u8],
    /// The first instructions.
    steps: &'a [Step],
    /// Those behind them.
    rest: &'a [u8],
}

/// Room for the instructions of a delta: they are looked at several times, and telling them apart is
/// what takes the time. Reuse it: it holds its memory.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

/// Instructions that are kept; of a delta with more, the others are told apart at each look.
const MOST_STEPS: usize = 1 << 14;

/// An instruction, or several copies that go on where the one before ended.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Offset in the base, or in the delta.
    from: u32,
    len: u32,
    /// Offset in the result.
    to: usize,
    is_copy: bool,
}

impl<'a> Delta<'a> {
    /// Checks an inflated delta against the length of its base.
    pub fn parse(bytes: &'a [u8], base_len: usize) -> Result<Self, DeltaError> {
        let (result_len, rest) = sizes(bytes, base_len)?;
        let made = check(rest, base_len, bytes.len() - rest.len(), |_| true)?;
        Self { base_len, result_len, bytes, steps: &[], rest }.making(made)
    }

    /// The same for a delta that is looked at more than once.
    pub fn read(
        bytes: &'a [u8],
        base_len: usize,
        Steps(steps): &'a mut Steps,
    ) -> Result<Self, DeltaError> {
        let (result_len, instructions) = sizes(bytes, base_len)?;
        let start = bytes.len() - instructions.len();
        steps.clear();
        let mut rest = instructions;
        let made = check(instructions, base_len, start, |seen| {
            let after = seen.after;
            let kept = u32::try_from(bytes.len()).is_ok() && Step::add(steps, seen, bytes.len());
            if kept {
                rest = after;
            }
            kept
        })?;
        Self { base_len, result_len, bytes, steps, rest }.making(made)
    }

    /// It, if its instructions make what it says.
    fn making(self, made: u64) -> Result<Self, DeltaError> {
        let stated = self.result_len as u64;
        if made == stated { Ok(self) } else { Err(DeltaError::Result { stated, made }) }
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
        Segments { bytes: self.bytes, steps: self.steps.iter(), rest: self.rest, to: 0 }
    }

    /// Rebuilds the result into `out`, which must have [`Delta::result_len`] bytes; `base` must be
    /// the base that the delta was parsed for. Both are checked: `None` if a length is wrong.
    pub fn apply(&self, base: &[u8], out: &mut [u8]) -> Option<()> {
        if base.len() != self.base_len || out.len() != self.result_len {
            return None;
        }
        let mut at = 0;
        for step in self.steps {
            // What stands behind an insertion is read too, so that `put` can be fast.
            let source = if step.is_copy { base } else { self.bytes };
            put(out, at, source.get(step.from as usize..)?, step.len as usize)?;
            at += step.len as usize;
        }
        let mut rest = self.rest;
        while let Some((instruction, after)) = instruction(rest) {
            let (source, len) = match instruction {
                Instruction::Copy { from, len } => (base.get(from..)?, len),
                Instruction::Insert(bytes) => (rest.get(1..)?, bytes.len()),
            };
            put(out, at, source, len)?;
            rest = after;
            at += len;
        }
        (at == out.len()).then_some(())
    }
}

/// An instruction as the check of them comes by.
struct Seen<'a> {
    instruction: Instruction<'a>,
    after: &'a [u8],
    /// What the instructions before it make.
    made: u64,
}

impl Step {
    /// Adds an instruction of a delta of so many bytes; `false`: there is no room.
    #[inline(always)]
    fn add(steps: &mut Vec<Self>, seen: Seen<'_>, bytes: usize) -> bool {
        let Seen { instruction, after, made } = seen;
        let (from, len, is_copy) = match instruction {
            Instruction::Copy { from, len } => (from, len, true),
            Instruction::Insert(data) => (bytes - after.len() - data.len(), data.len(), false),
        };
        // Both are numbers of 32 bits in what they come from.
        let (from, len) = (from as u32, len as u32);
        // git splits long copies.
        if let Some(last) = steps.last_mut()
            && (is_copy && last.is_copy && last.from.checked_add(last.len) == Some(from))
            && let Some(both) = last.len.checked_add(len)
        {
            last.len = both;
            return true;
        }
        if steps.len() >= MOST_STEPS {
            return false;
        }
        steps.push(Self { from, len, to: made as usize, is_copy });
        true
    }
}

/// The segments of a delta, in order of the result.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    bytes: &'a [u8],
    steps: std::slice::Iter<'a, Step>,
    rest: &'a [u8],
    to: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    #[inline]
    fn next(&mut self) -> Option<Segment<'a>> {
        if let Some(Step { from, len, to, is_copy }) = self.steps.next().copied() {
            let (from, len) = (from as usize, len as usize);
            self.to = to + len;
            return Some(match is_copy {
                true => Segment::Copy { from, to, len },
                false => Segment::Insert { to, bytes: self.bytes.get(from..from + len)? },
            });
        }
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

/// The length of the result, and the instructions.
fn sizes(bytes: &[u8], base_len: usize) -> Result<(usize, &[u8]), DeltaError> {
    let (stated, rest) = size(bytes).ok_or(DeltaError::Sizes)?;
    let (result, instructions) = size(rest).ok_or(DeltaError::Sizes)?;
    let real = base_len as u64;
    if stated != real {
        return Err(DeltaError::Base { stated, real });
    }
    Ok((usize::try_from(result).map_err(|_| DeltaError::Sizes)?, instructions))
}

/// Checks all instructions, and shows them to `keep` until that has enough; returns how many bytes
/// they make. `start` is where they begin.
#[inline(always)]
fn check<'a>(
    instructions: &'a [u8],
    base_len: usize,
    start: usize,
    mut keep: impl FnMut(Seen<'a>) -> bool,
) -> Result<u64, DeltaError> {
    let (mut rest, mut made, mut kept) = (instructions, 0u64, true);
    while let Some(&opcode) = rest.first() {
        let at = start + instructions.len() - rest.len();
        if opcode == 0 {
            return Err(DeltaError::Reserved { at });
        }
        let (instruction, after) = instruction(rest).ok_or(DeltaError::Cut { at })?;
        rest = after;
        let before = made;
        made += match instruction {
            Instruction::Insert(bytes) => bytes.len() as u64,
            Instruction::Copy { from, len } => {
                if from.checked_add(len).is_none_or(|end| end > base_len) {
                    return Err(DeltaError::Copy { at });
                }
                len as u64
            }
        };
        kept = kept && keep(Seen { instruction, after, made: before });
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

        #[test]
        fn what_is_kept_of_instructions_says_what_they_say(
            base_len in 0usize..200,
            pieces in prop::collection::vec((any::<bool>(), 0usize..200, 1usize..100), 0..40),
            times in prop_oneof![9 => Just(1usize), 1 => Just(1000)],
            (at, byte) in (0usize..400, any::<u8>()),
            broken in any::<bool>(),
        ) {
            let base: Vec<u8> = (0..base_len).map(|at| at as u8).collect();
            let (mut instructions, mut made) = (Vec::new(), 0);
            for (is_copy, from, len) in pieces {
                if is_copy && from + len <= base_len {
                    instructions.extend([0x91, from as u8, len as u8]);
                } else {
                    instructions.push(len as u8);
                    instructions.extend((0..len).map(|at| !at as u8));
                }
                made += len;
            }
            let number = |n: usize| [n as u8 | 0x80, (n >> 7) as u8 | 0x80, (n >> 14) as u8 | 0x80, (n >> 21) as u8];
            let mut bytes = [number(base_len), number(made * times)].concat();
            bytes.extend(instructions.repeat(times));
            if broken && let Some(own) = bytes.get_mut(at) {
                *own = byte;
            }
            let mut steps = Steps::default();
            match (Delta::parse(&bytes, base_len), Delta::read(&bytes, base_len, &mut steps)) {
                (Ok(plain), Ok(kept)) => {
                    let rebuilt = |delta: &Delta<'_>| {
                        let mut out = vec![0; delta.result_len()];
                        delta.apply(&base, &mut out).map(|()| out)
                    };
                    prop_assert!(rebuilt(&plain).is_some());
                    prop_assert_eq!(rebuilt(&plain), rebuilt(&kept));
                    prop_assert_eq!(origins(&plain, &base), origins(&kept, &base));
                    prop_assert_eq!(origins(&kept, &base), rebuilt(&kept).unwrap_or_default());
                }
                (plain, kept) => prop_assert_eq!(plain.err(), kept.err()),
            }
        }
    }

    /// The result, put together from its segments.
    fn origins(delta: &Delta<'_>, base: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        for segment in delta.segments() {
            let (Segment::Copy { to, .. } | Segment::Insert { to, .. }) = segment;
            assert_eq!(to, all.len());
            match segment {
                Segment::Copy { from, len, .. } => all.extend_from_slice(&base[from..from + len]),
                Segment::Insert { bytes, .. } => all.extend_from_slice(bytes),
            }
        }
        all
    }
}
