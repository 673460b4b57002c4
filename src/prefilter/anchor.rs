//! Which literals to look for: few, and shared by as many rules as possible.
//!
//! `_live` serves four of the built-in prefixes, so that one literal and its encodings stand for
//! four.

use std::collections::HashMap;

/// The longest anchor; longer ones find no less and cost more in encoded form.
const MAX_ANCHOR: usize = 8;
/// The shortest.
const MIN_ANCHOR: usize = 4;

/// A literal to look for, and whose prefixes hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The literal.
    pub literal: Vec<u8>,
    /// The prefixes that hold it.
    pub uses: Vec<Use>,
}

/// A prefix that holds an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The rule, by its number.
    pub rule: usize,
    /// The whole prefix.
    pub prefix: Vec<u8>,
    /// Bytes of the prefix before the anchor.
    pub offset: usize,
}

/// Chooses anchors so that every prefix holds one: always the literal that serves most of the
/// prefixes left, the longest of those, the rarest of those. The greedy way to a small cover.
pub fn choose(prefixes: &[(usize, &[Vec<u8>])]) -> Vec<Anchor> {
    let mut left: Vec<(usize, &Vec<u8>)> =
        prefixes.iter().flat_map(|(rule, list)| list.iter().map(move |p| (*rule, p))).collect();
    let mut anchors = Vec::new();
    while let Some(literal) = best(&left) {
        let (served, rest) = left.into_iter().partition(|(_, p)| position(p, &literal).is_some());
        left = rest;
        let served: Vec<(usize, &Vec<u8>)> = served;
        let uses = served.iter().filter_map(|(rule, prefix)| {
            let offset = position(prefix, &literal)?;
            Some(Use { rule: *rule, prefix: (*prefix).clone(), offset })
        });
        anchors.push(Anchor { uses: uses.collect(), literal });
    }
    anchors
}

fn best(left: &[(usize, &Vec<u8>)]) -> Option<Vec<u8>> {
    let mut serves: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (index, (_, prefix)) in left.iter().enumerate() {
        for literal in (MIN_ANCHOR..=MAX_ANCHOR).flat_map(|length| prefix.windows(length)) {
            // A literal counts once a prefix, however often it stands in it.
            let (count, last) = serves.entry(literal).or_insert((0, usize::MAX));
            if *last != index {
                (*count, *last) = (*count + 1, index);
            }
        }
    }
    let score = |literal: &[u8], count: usize| (count, literal.len(), rarity(literal));
    let candidates = serves.iter().map(|(literal, (count, _))| (score(literal, *count), *literal));
    candidates.max().map(|(_, literal)| literal.to_vec())
}

fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(hay, needle)
}

fn rarity(literal: &[u8]) -> usize {
    literal.iter().filter(|b| !b"etaoinsrlcd".contains(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_share_anchors() {
        let prefixes: Vec<Vec<u8>> = ["sk_live_", "tg_live_", "ak_live:", "mega_", "mega_whsec_"]
            .map(|p| p.as_bytes().to_vec())
            .into();
        let anchors = choose(&[(7, &prefixes)]);
        let literals: Vec<_> =
            anchors.iter().map(|a| String::from_utf8_lossy(&a.literal).into_owned()).collect();
        assert_eq!(literals, ["_live", "mega_"]);
        assert_eq!(anchors[0].uses.len(), 3);
        assert_eq!((anchors[0].uses[0].rule, anchors[0].uses[0].offset), (7, 2));
    }
}
