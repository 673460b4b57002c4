//! One secret seen in one place, and the places of all matches of a blob.

use crate::attribution::Attribution;
use crate::blob::Blob;
use crate::decode::Layer;
use crate::filter::allow::{AllowComment, AllowComments};
use crate::finding::{AllowMark, Confidence, Occurrence, Rejected, Secret, Suppressor};
use crate::matcher::Match;
use crate::span::{LineTable, Locator, Position, Span};

use super::Scanner;
use super::view::View;

/// One secret seen in one place.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The rule, by its number in the set.
    pub rule: usize,
    /// The secret.
    pub secret: Secret,
    /// How sure it is that it is one.
    pub confidence: Confidence,
    /// Who issued it, as far as this place tells.
    pub attribution: Attribution,
    /// Commits in which an allowlist allows it.
    pub excused: Vec<String>,
    /// Values near it that its issuer wants to be told in a live check.
    pub context: Vec<(String, String)>,
    /// The place.
    pub occurrence: Occurrence,
}

/// All that one blob has to tell.
#[derive(Debug, Default)]
pub struct Sightings {
    /// The secrets, in the order of the blob.
    pub sightings: Vec<Sighting>,
    /// Candidates that are no secrets, if they were asked for.
    pub rejections: Vec<Rejected>,
    /// Number of matches that were refused.
    pub rejected: u64,
    /// Number of matches that somebody has allowed.
    pub suppressed: u64,
    /// Those matches, if they were asked for.
    pub allowed: Vec<(Sighting, Suppressor)>,
    /// All allow comments, if they were asked for.
    pub comments: Vec<AllowMark>,
}

impl Sightings {
    pub(super) fn add(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }
}

impl Scanner<'_> {
    /// The comments of a blob, as reports show them.
    pub(super) fn marks(
        &self,
        blob: &Blob<'_>,
        comments: &AllowComments,
        lines: &LineTable<'_>,
    ) -> Vec<AllowMark> {
        let own = |c: &&AllowComment| blob.own.start <= c.span.start && c.span.start < blob.own.end;
        let mark = |comment: &AllowComment| AllowMark {
            path: blob.provenance.path.clone(),
            line: lines.line_of(comment.span.start) + 1 + blob.origin.lines,
            marker: comment.marker.to_owned(),
            // Some write the secret where the rule belongs.
            rules: comment.rules.iter().map(|rule| self.masked(rule.clone())).collect(),
            reason: self.reason(comment),
        };
        comments.all().iter().filter(own).map(mark).collect()
    }
}

/// Where a match is.
pub(super) struct Place {
    pub(super) start: Position,
    pub(super) end: Position,
    pub(super) span: Span,
}

/// Turns the spans of ascending matches into places, in time linear in the blob.
pub(super) struct Places<'a> {
    blob: &'a Blob<'a>,
    starts: Locator<'a>,
    ends: Locator<'a>,
}

impl<'a> Places<'a> {
    pub(super) fn new(blob: &'a Blob<'a>, lines: &'a LineTable<'a>) -> Self {
        Self { blob, starts: lines.locator(blob.bytes), ends: lines.locator(blob.bytes) }
    }

    /// The place of a match; `view` is the decoded text that it was found in, if any.
    pub(super) fn of(&mut self, found: &Match, view: Option<&View>) -> Place {
        let wide = view.filter(|_| found.layers.first() == Some(&Layer::Wide));
        if let Some(table) = wide.and_then(|view| view.wide_lines.as_ref()) {
            let span = found.span;
            let mut locator = table.locator(self.blob.bytes);
            let (start, end) = (locator.locate(span.start), locator.locate(span.end));
            return Place { start: self.shifted(start), end: self.shifted(end), span };
        }
        let start = self.position(found.span.start);
        let end = self.ends.locate(found.span.end);
        Place { start, end: self.shifted(end), span: found.span }
    }

    /// The position of a byte of the blob in the whole content.
    pub(super) fn position(&mut self, offset: usize) -> Position {
        let position = self.starts.locate(offset);
        self.shifted(position)
    }

    fn shifted(&self, position: Position) -> Position {
        let origin = self.blob.origin;
        let columns = if position.line == 1 { origin.columns } else { 0 };
        Position { line: position.line + origin.lines, column: position.column + columns }
    }
}
