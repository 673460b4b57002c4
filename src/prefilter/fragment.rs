//! The four bytes of each literal by which a packed searcher finds it: the rarest ones that stand in
//! a row, not the first ones. `link` stands everywhere, `kedI` in `linkedIn`.
//!
//! Literals that share a piece are found by it together. Not here: the search, and which pieces are
//! sought together.

/// Bytes of a piece: as many as packed searchers tell literals by.
pub(super) const LENGTH: usize = 4;

/// Bits by which a piece that finds another literal as well may be more frequent than the rarest one.
const SLACK: u32 = 2;

/// Four bytes of text that are often seen, in order, each with a letter: the binary logarithm of how
/// many places one of them is at, `a` for nought. Counted over 140 MB of source code in 39 public
/// repositories, down to one in 32,768 places.
const COMMON: &str = include_str!("common.txt");
/// What one of them takes up in it.
const LINE: usize = LENGTH + 2;
/// The least rarity of what is not in it.
const UNCOMMON: u32 = 15;

/// The same of the single bytes from the space to the tilde.
const RARITY: [u8; 95] = [
    3, 11, 6, 9, 10, 11, 10, 8, 7, 7, 8, 11, 7, 7, 6, 7, //
    8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 7, 8, 9, 7, 8, 11, //
    10, 8, 9, 8, 9, 8, 9, 10, 9, 8, 11, 10, 9, 9, 8, 9, //
    8, 11, 8, 8, 8, 9, 10, 10, 11, 11, 12, 9, 10, 9, 13, 7, //
    9, 5, 7, 5, 6, 4, 6, 6, 6, 5, 9, 8, 5, 6, 5, 5, //
    6, 9, 5, 5, 4, 6, 7, 8, 8, 7, 10, 8, 10, 8, 13,
];
/// Of all other bytes.
const RARE: u8 = 12;

/// A piece, and the literals that it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) bytes: Vec<u8>,
    /// The number of each literal, and where in it the piece is.
    pub(super) of: Vec<(usize, usize)>,
}

/// Pieces that find all of `literals`; a literal that is shorter than one is its own.
pub(super) fn choose(literals: &[impl AsRef<[u8]>]) -> Vec<Fragment> {
    let mut chosen: Vec<Fragment> = Vec::new();
    // Short literals have the fewest pieces, which others may have too.
    let mut order: Vec<(usize, &[u8])> = literals.iter().map(AsRef::as_ref).enumerate().collect();
    order.sort_by_key(|(_, literal)| literal.len());
    for (index, literal) in order {
        let pieces: Vec<(u32, &[u8])> = literal
            .windows(LENGTH.min(literal.len()))
            .map(|piece| (rarity(piece), piece))
            .collect();
        let Some(most) = pieces.iter().map(|(rarity, _)| *rarity).max() else { continue };
        let mut rare = pieces.iter().enumerate().filter(|(_, (rarity, _))| rarity + SLACK >= most);
        let known = rare.find_map(|(at, (_, piece))| {
            let known = chosen.iter().position(|fragment| fragment.bytes == *piece)?;
            Some((at, known))
        });
        if let Some((at, known)) = known {
            chosen[known].of.push((index, at));
        } else if let Some(at) = pieces.iter().position(|(rarity, _)| *rarity == most) {
            chosen.push(Fragment { bytes: pieces[at].1.to_vec(), of: vec![(index, at)] });
        }
    }
    chosen
}

/// Bits that it takes to come by a piece by chance.
fn rarity(piece: &[u8]) -> u32 {
    let lines = COMMON.as_bytes().as_chunks::<LINE>().0;
    // As numbers, which are compared without a call.
    let number = |bytes: &[u8]| bytes.first_chunk().copied().map(u32::from_be_bytes);
    let known = number(piece)
        .and_then(|piece| lines.binary_search_by_key(&Some(piece), |line| number(line)).ok());
    match known {
        Some(line) => u32::from(lines[line][LENGTH] - b'a'),
        None => piece.iter().map(|byte| rarity_of(*byte)).sum::<u32>().max(UNCOMMON),
    }
}

/// Bits that it takes to come by a byte by chance.
pub(super) fn rarity_of(byte: u8) -> u32 {
    u32::from(*RARITY.get(usize::from(byte.wrapping_sub(b' '))).unwrap_or(&RARE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_common_pieces_are_in_order() {
        let lines = COMMON.as_bytes().as_chunks::<LINE>();
        assert!(lines.1.is_empty());
        assert!(
            lines.0.iter().all(|line| line[LENGTH].is_ascii_lowercase() && line[LINE - 1] == b'\n')
        );
        assert!(lines.0.is_sorted_by_key(|line| &line[..LENGTH]));
    }

    #[test]
    fn the_rarest_piece_is_taken_and_one_that_is_there_is_taken_again() {
        let literals = [&b"linkedIn"[..], b"back_end", b"kedIn", b"pw="].map(<[u8]>::to_vec);
        let show = |fragment: &Fragment| {
            (String::from_utf8_lossy(&fragment.bytes).into_owned(), fragment.of.clone())
        };
        let shown: Vec<_> = choose(&literals).iter().map(show).collect();
        let wanted =
            [("pw=", vec![(3, 0)]), ("kedI", vec![(2, 0), (0, 3)]), ("ack_", vec![(1, 1)])];
        assert_eq!(shown, wanted.map(|(piece, of)| (piece.to_owned(), of)));
    }

    proptest! {
        #[test]
        fn each_literal_has_one_piece_that_is_in_it(
            literals in proptest::collection::vec("[ -~]{1,9}", 0..40),
        ) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let mut seen = vec![0; literals.len()];
            for Fragment { bytes, of } in choose(&literals) {
                for (literal, at) in of {
                    seen[literal] += 1;
                    prop_assert!(literals[literal][at..].starts_with(&bytes));
                    prop_assert_eq!(bytes.len(), literals[literal].len().min(LENGTH));
                }
            }
            prop_assert!(seen.iter().all(|count| *count == 1));
        }
    }
}
