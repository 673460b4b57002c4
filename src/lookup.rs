//! Bytes that are looked up in tables, sixty-four at a time.
//!
//! A vector instruction looks all bytes up at once, but only in a small table: of sixteen entries, so by
//! half a byte, or, on machines with AVX-512, of sixty-four and more. Not here: what tables say.

use fearless_simd::prelude::*;
use fearless_simd::{u8x16, u8x64};

/// Entries of a table that six bits are looked up in.
pub(crate) const SIX_BITS: usize = 64;

/// Whether the machine looks up by more than halves of bytes. Known when a loop is compiled for it.
#[inline(always)]
pub(crate) fn has_large_tables<S: Simd>(simd: S) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return simd.level().as_avx512().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    {
        let _ = simd;
        false
    }
}

/// Sixty-four bytes, with what tables are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Looked<S: Simd> {
    bytes: u8x64<S>,
    lower: u8x64<S>,
    upper: u8x64<S>,
}

impl<S: Simd> Looked<S> {
    /// To look `bytes` up. What no table asks for costs nothing.
    #[inline(always)]
    pub(crate) fn at(bytes: u8x64<S>) -> Self {
        Self { bytes, lower: bytes & 15, upper: bytes >> 4 }
    }

    /// The bytes.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> u8x64<S> {
        self.bytes
    }

    /// What one table says of the lower halves and another one of the upper halves, as far as they agree.
    #[inline(always)]
    pub(crate) fn in_halves(&self, simd: S, lower: &[u8; 16], upper: &[u8; 16]) -> u8x64<S> {
        let table = |table| u8x64::block_splat(u8x16::load_array_ref(simd, table));
        table(lower).swizzle_dyn_within_blocks(self.lower)
            & table(upper).swizzle_dyn_within_blocks(self.upper)
    }

    /// What a table says of the six lower bits. Slow without [`has_large_tables`].
    #[inline(always)]
    pub(crate) fn in_six_bits(&self, simd: S, table: &[u8; SIX_BITS]) -> u8x64<S> {
        u8x64::load_array_ref(simd, table).swizzle_dyn(self.bytes & 63)
    }

    /// What a table says of the seven lower bits. Slow without [`has_large_tables`].
    #[inline(always)]
    pub(crate) fn in_seven_bits(&self, simd: S, table: &[[u8; SIX_BITS]; 2]) -> u8x64<S> {
        let [below, above] = table;
        let above = u8x64::load_array_ref(simd, above);
        u8x64::load_array_ref(simd, below).concat_swizzle_dyn(above, self.bytes & 127)
    }
}

/// The machine's level, and one that looks bytes up by halves: tests hold both to the same.
#[cfg(test)]
pub(crate) fn levels() -> Vec<fearless_simd::Level> {
    let level = fearless_simd::Level::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return [Some(level), level.as_avx2().map(|simd| simd.level())].into_iter().flatten().collect();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    vec![level]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::dispatch;

    #[test]
    fn each_byte_is_looked_up_by_its_own_bits() {
        let table: [u8; SIX_BITS] = std::array::from_fn(|at| at as u8 + 1);
        let tables = [table, table.map(|entry| entry + 64)];
        let (lower, upper) = ([0x5f; 16], std::array::from_fn(|half| 0x70 | half as u8));
        let bytes =
            levels().into_iter().flat_map(|level| (0..=u8::MAX).map(move |byte| (level, byte)));
        for (level, byte) in bytes {
            let (six, seven, halves) = dispatch!(level, simd => {
                let looked = Looked::at(u8x64::splat(simd, byte));
                let first = |bytes: u8x64<_>| bytes.to_array()[63];
                (
                    first(looked.in_six_bits(simd, &table)),
                    first(looked.in_seven_bits(simd, &tables)),
                    first(looked.in_halves(simd, &lower, &upper)),
                )
            });
            assert_eq!(six, byte % 64 + 1);
            assert_eq!(seven, byte % 128 + 1);
            assert_eq!(halves, 0x50 | byte >> 4);
        }
    }
}
