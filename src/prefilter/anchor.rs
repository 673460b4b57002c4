//! Which literals to look for: few, and shared by as many rules as possible.
//!
//! `_live` serves four of the built-in prefixes, so that one literal and its encodings stand for
//! four.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Wanted;
use crate::rule::{Encodings, weight};

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
    /// The forms of it to look for.
    pub encodings: Encodings,
    /// Whether it stands in or near a run of token characters wherever it counts.
    pub sheltered: bool,
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
    /// Bytes of a match that may stand before the prefix; nought if matches begin with it.
    pub back: usize,
}

/// Rules that are sought in all encodings, at the most: each literal has a hundred forms and more.
const MOST_ENCODED: usize = 64;

/// A literal of a rule.
#[derive(Clone, Copy)]
struct Literal<'r> {
    rule: usize,
    text: &'r [u8],
    back: usize,
}

/// Chooses anchors so that every literal that is wanted holds one.
pub(super) fn choose(wanted: &[Wanted<'_>]) -> Vec<Anchor> {
    let encoded = |w: &&Wanted<'_>| w.encodings == Encodings::All && w.lead.is_some();
    let few = wanted.iter().filter(encoded).count() <= MOST_ENCODED;
    let (all, common): (Vec<&Wanted<'_>>, Vec<&Wanted<'_>>) =
        wanted.iter().partition(|w| few && encoded(w));
    let literals = all.iter().filter_map(|w| Some((w.rule, w.lead?))).flat_map(|(rule, lead)| {
        let back = lead.back;
        lead.literals.iter().map(move |text| Literal { rule, text, back })
    });
    let mut anchors = shared(literals.collect());
    anchors.extend(single(&common));
    anchors
}

/// Anchors for literals whose forms are many: always the one that serves most of the literals left,
/// the longest of those, the rarest of those. The greedy way to a small cover.
fn shared(mut left: Vec<Literal<'_>>) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    while let Some(literal) = best(&left) {
        let (served, rest) = left.into_iter().partition(|l| position(l.text, &literal).is_some());
        left = rest;
        let served: Vec<Literal<'_>> = served;
        let uses = served.iter().filter_map(|l| {
            let offset = position(l.text, &literal)?;
            Some(Use { rule: l.rule, prefix: l.text.to_vec(), offset, back: l.back })
        });
        let (uses, encodings) = (uses.collect(), Encodings::All);
        anchors.push(Anchor { uses, literal, encodings, sheltered: false });
    }
    anchors
}

/// An anchor for each literal, the rarest part of it; equal ones are one.
fn single(wanted: &[&Wanted<'_>]) -> Vec<Anchor> {
    let mut found: BTreeMap<(Vec<u8>, bool), Vec<Use>> = BTreeMap::new();
    for wanted in wanted {
        let Some(lead) = wanted.lead else { continue };
        for prefix in &lead.literals {
            let length = prefix.len().min(MAX_ANCHOR);
            let sheltered = |at: &usize| lead.is_sheltered(*at, at + length);
            let score = |at: &usize| {
                let part = &prefix[*at..at + length];
                let head: usize = part.iter().take(HEAD).map(|b| weight(*b)).sum();
                (sheltered(at), head, part.iter().map(|b| weight(*b)).sum::<usize>())
            };
            let Some(offset) = (0..=prefix.len() - length).max_by_key(score) else { continue };
            let part = prefix[offset..offset + length].to_vec();
            let (rule, back) = (wanted.rule, lead.back);
            let uses = found.entry((part, sheltered(&offset))).or_default();
            uses.push(Use { rule, prefix: prefix.clone(), offset, back });
        }
    }
    reuse(&mut found);
    let anchor = |((literal, sheltered), uses)| Anchor {
        literal,
        uses,
        encodings: Encodings::Common,
        sheltered,
    };
    found.into_iter().map(anchor).collect()
}

/// Finds prefixes that hold the anchor of another one by that: each literal that may stand anywhere
/// slows the search of everything.
fn reuse(found: &mut BTreeMap<(Vec<u8>, bool), Vec<Use>>) {
    let anywhere = |(literal, sheltered): &(Vec<u8>, bool)| (!sheltered).then(|| literal.clone());
    let mut literals: Vec<Vec<u8>> = found.keys().filter_map(anywhere).collect();
    literals.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
    let longest = literals.first().map_or(0, Vec::len);
    let mut there: HashSet<&[u8]> = literals.iter().map(Vec::as_slice).collect();
    for literal in &literals {
        let own = (literal.clone(), false);
        let uses = found.get(&own).map_or(&[][..], Vec::as_slice);
        let serves = |other: &&[u8]| {
            *other != literal
                && there.contains(other)
                && uses.iter().all(|usage| position(&usage.prefix, other).is_some())
        };
        // What serves all of them is a part of the first of them; of the longest, the first by its text.
        let first = uses.first().map_or(&[][..], |usage| &usage.prefix);
        let parts = (MIN_ANCHOR..=longest.min(first.len())).rev();
        let mut best = parts.filter_map(|length| first.windows(length).filter(serves).min());
        let Some(other) = best.next().map(<[u8]>::to_vec) else { continue };
        there.remove(literal.as_slice());
        for mut usage in found.remove(&own).unwrap_or_default() {
            usage.offset = position(&usage.prefix, &other).unwrap_or(usage.offset);
            found.entry((other.clone(), false)).or_default().push(usage);
        }
    }
}

/// Bytes of an anchor that are sought first.
const HEAD: usize = 4;

fn best(left: &[Literal<'_>]) -> Option<Vec<u8>> {
    let mut serves: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (index, Literal { text, .. }) in left.iter().enumerate() {
        let shortest = MIN_ANCHOR.min(text.len());
        for literal in (shortest..=MAX_ANCHOR).flat_map(|length| text.windows(length)) {
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
    use crate::rule::{Lead, Pattern};

    fn lead(prefix: &str, length: usize) -> Lead {
        let source = format!("{prefix}[0-9a-z]{{{length}}}");
        let pattern = Pattern::of_rule(&source).expect("valid");
        pattern.lead().expect("a literal").clone()
    }

    #[test]
    fn prefixes_share_anchors() {
        let leads =
            ["sk_live_", "tg_live_", "ak_live:", "mega_", "mega_whsec_"].map(|p| lead(p, 20));
        let wanted: Vec<Wanted<'_>> = leads
            .iter()
            .map(|lead| Wanted { rule: 7, lead: Some(lead), encodings: Encodings::All })
            .collect();
        let anchors = choose(&wanted);
        let literals: Vec<_> =
            anchors.iter().map(|a| String::from_utf8_lossy(&a.literal).into_owned()).collect();
        assert_eq!(literals, ["_live", "mega_"]);
        assert_eq!(anchors[0].uses.len(), 3);
        assert_eq!((anchors[0].uses[0].rule, anchors[0].uses[0].offset), (7, 2));
    }

    #[test]
    fn the_rarest_part_near_a_run_is_taken() {
        let leads = [lead(r"https://hooks\.acme\.example/services/", 30), lead("a b c:", 9)];
        let wanted: Vec<Wanted<'_>> = leads
            .iter()
            .map(|lead| Wanted { rule: 0, lead: Some(lead), encodings: Encodings::Common })
            .collect();
        let anchors = choose(&wanted);
        let told: Vec<_> = anchors
            .iter()
            .map(|a| (String::from_utf8_lossy(&a.literal).into_owned(), a.sheltered))
            .collect();
        assert_eq!(told, [("a b c:".to_owned(), false), ("xample/s".to_owned(), true)]);
    }
}
