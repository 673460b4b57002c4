//! What was damaged: every loss is counted, the first of them are named.
//!
//! A hostile pack can have millions of damaged entries, so the list has a bound. Which ones it
//! names does not depend on the order in which threads met them.

use super::pack::Damage;

/// How many are named.
const NAMED: usize = 1000;

/// Counted and named damages.
#[derive(Clone, Debug, Default)]
pub struct Damages {
    list: Vec<Damage>,
    lost: u64,
}

impl Damages {
    /// Counts one, and names it if it is among the first in order of pack and offset.
    pub fn add(&mut self, damage: Damage) {
        self.lost += 1;
        self.list.push(damage);
        if self.list.len() >= 2 * NAMED {
            self.shorten();
        }
    }

    /// Adds what another one has.
    pub fn merge(&mut self, other: Self) {
        let lost = self.lost + other.lost;
        other.list.into_iter().for_each(|damage| self.add(damage));
        self.lost = lost;
    }

    /// Counts entries that are lost with one that is named.
    pub fn lose(&mut self, count: u64) {
        self.lost += count;
    }

    /// How many entries are damaged or lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The first of them, in order.
    pub fn named(mut self) -> Vec<Damage> {
        self.shorten();
        self.list
    }

    fn shorten(&mut self) {
        self.list.sort_by(|a, b| {
            (&a.pack, a.offset, &a.name)
                .cmp(&(&b.pack, b.offset, &b.name))
                .then_with(|| a.reason.to_string().cmp(&b.reason.to_string()))
        });
        self.list.truncate(NAMED);
    }
}
