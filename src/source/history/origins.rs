//! Which commits introduced what: all of them, where branches have brought the same on their own.
//!
//! Commits that do the same are one step, so that what it takes to keep does not grow with the number
//! of commits. Not here: which refs reach them.

/// A commit that introduces nothing.
pub(super) const NONE: u32 = u32::MAX;

/// The steps by which things were introduced. Things are numbers.
#[derive(Debug)]
pub(super) struct Origins {
    /// The step of each commit.
    pub(super) of_commit: Vec<u32>,
    /// The steps that introduce each thing, in order.
    of_thing: Vec<Vec<u32>>,
    /// What each step introduces, until its first place is known.
    unplaced: Vec<Vec<u32>>,
}

impl Origins {
    /// For so many commits and things.
    pub(super) fn new(commits: usize, things: usize) -> Self {
        let (of_commit, of_thing) = (vec![NONE; commits], vec![Vec::new(); things]);
        Self { of_commit, of_thing, unplaced: Vec::new() }
    }

    /// Adds a step that introduces some things; returns its number.
    pub(super) fn step(&mut self, things: impl Iterator<Item = u32>) -> u32 {
        let step = u32::try_from(self.unplaced.len()).unwrap_or(NONE);
        let things: Vec<u32> = things.collect();
        for thing in &things {
            if let Some(steps) = self.of_thing.get_mut(*thing as usize) {
                steps.push(step);
            }
        }
        self.unplaced.push(things);
        step
    }

    /// Notes that a commit takes a step.
    pub(super) fn note(&mut self, commit: u32, step: u32) {
        if let Some(slot) = self.of_commit.get_mut(commit as usize) {
            *slot = step;
        }
    }

    /// What a step introduces, the first time that it is asked for.
    pub(super) fn place(&mut self, step: u32) -> Vec<u32> {
        self.unplaced.get_mut(step as usize).map(std::mem::take).unwrap_or_default()
    }

    /// The number of steps.
    pub(super) fn steps(&self) -> usize {
        self.unplaced.len()
    }

    /// The steps that introduce a thing.
    pub(super) fn of(&self, thing: u32) -> &[u32] {
        self.of_thing.get(thing as usize).map_or(&[], Vec::as_slice)
    }
}
