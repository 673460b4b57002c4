//! Contents that come to the same: most versions of a file hold the secrets of the version before.
//!
//! For who introduced a secret, and where it is, any of them stands for all, so that a history has a
//! few hundred contents to follow in place of many thousands. Not here: what a content comes to.

use foldhash::{HashMap, HashMapExt};

use super::search::{Hit, Hits};
use super::trees::{Key, KeyMap, key};
use crate::scanner::{Constant, Told};

/// Which content stands for which, of those with a match.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// Those that another one stands for.
    stands_for: KeyMap<Key>,
    /// For those that stand for others: what is rejected and suppressed in all of them.
    refused: KeyMap<Refused>,
}

/// Numbers of matches that are no findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) rejected: u64,
    pub(super) suppressed: u64,
}

impl Classes {
    /// Puts those together that come to the same secrets at each path, and say the same of them.
    pub(super) fn new(hits: &Hits) -> Self {
        let mut classes = Self::default();
        let mut first: HashMap<Vec<&Told>, Key> = HashMap::new();
        for hit in &hits.blobs {
            let Some(constant) = &hit.constant else { continue };
            let mut secrets: Vec<&Told> = constant.secrets.iter().collect();
            secrets.sort_unstable();
            secrets.dedup();
            let own = key(hit.id.as_bytes());
            let other = *first.entry(secrets).or_insert(own);
            if other != own {
                classes.stands_for.insert(own, other);
            }
            let refused = classes.refused.entry(other).or_default();
            refused.rejected += constant.rejected;
            refused.suppressed += constant.suppressed;
        }
        classes
    }

    /// The content that stands for one.
    pub(super) fn of(&self, blob: Key) -> Key {
        self.stands_for.get(&blob).copied().unwrap_or(blob)
    }

    /// What is refused in all contents that `hit` stands for, if that is known without its path.
    pub(super) fn refused(&self, hit: &Hit) -> Option<Refused> {
        let constant = hit.constant.as_ref()?;
        let all = self.refused.get(&key(hit.id.as_bytes())).copied();
        let Constant { rejected, suppressed, .. } = *constant;
        Some(all.unwrap_or(Refused { rejected, suppressed }))
    }
}
