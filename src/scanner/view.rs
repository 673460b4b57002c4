//! The decoded text around an encoded match: its own lines, comments and evidence.
//!
//! A key in base64 stands among decoded neighbours that name its issuer; a key in UTF-16 stands in
//! lines that only UTF-16 has.

use std::rc::Rc;

use crate::attribution::{Attributor, Hit, Surroundings};
use crate::decode::{self, Layer, Reach, Recipe, Text};
use crate::filter::allow::AllowComments;
use crate::matcher::Match;
use crate::prefilter::Prefilter;
use crate::span::{Charset, LineTable, Span};

/// Bytes on each side of a match that a view must hold for the match to make use of it.
const MARGIN: usize = 4 << 10;

/// Decoded text and what there is in it.
pub(super) struct View {
    text: Text,
    layers: Vec<Layer>,
    pub(super) lines: LineTable<'static>,
    pub(super) comments: AllowComments,
    pub(super) hits: Vec<Hit>,
    /// The text between two layers of encoding, if there are two.
    middle: Option<Box<View>>,
    /// The match in the decoded text.
    pub(super) span: Span,
    matches: [Span; 1],
    /// The byte order of UTF-16.
    pub(super) big_endian: bool,
    /// The lines of the blob as UTF-16, if it is that.
    pub(super) wide_lines: Option<Rc<LineTable<'static>>>,
}

impl View {
    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            bytes: &self.text.bytes,
            lines: &self.lines,
            hits: &self.hits,
            untied: &self.hits,
            matches: &self.matches,
        }
    }

    /// This view and the one around it, the innermost first.
    pub(super) fn chain(&self) -> impl Iterator<Item = &View> {
        std::iter::once(self).chain(self.middle.as_deref())
    }

    /// Where a span of the content is in the decoded text.
    pub(super) fn decoded(&self, span: Span) -> Span {
        Span::new(self.text.index_of(span.start), self.text.index_of(span.end))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.text.bytes
    }

    /// Whether a match lies well inside.
    fn holds(&self, found: &Match, content: &[u8]) -> bool {
        let extent = self.text.extent();
        let left = extent.start == 0 || extent.start + MARGIN <= found.span.start;
        let right = extent.end + 1 >= content.len() || found.span.end + MARGIN <= extent.end;
        let inside = extent.start <= found.span.start && found.span.end <= extent.end;
        self.layers == found.layers && left && right && inside
    }

    fn point_at(&mut self, found: &Match) -> bool {
        let start = self.text.index_of(found.span.start);
        let length = found.secret.expose().len();
        self.span = Span::new(start, start + length);
        self.matches = [self.span];
        if let Some(middle) = &mut self.middle {
            middle.span = middle.decoded(found.span);
            middle.matches = [middle.span];
        }
        self.text.bytes.get(self.span.range()) == Some(found.secret.expose())
    }
}

/// The views of one blob; the last one serves its neighbours too.
pub(super) struct Views<'a> {
    content: &'a [u8],
    last: Option<View>,
}

impl<'a> Views<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self { content, last: None }
    }

    /// The view of an encoded match; none for a plain one, or for one that reads otherwise from
    /// farther away.
    pub(super) fn of(
        &mut self,
        found: &Match,
        prefilter: &Prefilter,
        attributor: &Attributor<'_>,
    ) -> Option<&View> {
        let candidate = found.candidate.filter(|_| !found.layers.is_empty())?;
        let kept = self.last.as_ref().is_some_and(|view| view.holds(found, self.content));
        if !kept || !self.last.as_mut().is_some_and(|view| view.point_at(found)) {
            let recipe = prefilter.recipe(candidate)?;
            let (content, at, reach) = (self.content, candidate.at, Reach::CONTEXT);
            // Escapes are no part of a recipe that led to the text around them.
            let read = match (recipe.steps.len(), found.layers.as_slice()) {
                (0, [layer, ..]) => decode::escaped_around(content, at, *layer, reach),
                (1, [_, _]) => decode::escaped_within(content, at, recipe, reach),
                _ => decode::around(content, at, recipe, reach),
            };
            let mut view = self.view(read?.0, found, attributor);
            if let ([_, _], [outer, ..]) = (found.layers.as_slice(), recipe.steps.as_slice()) {
                let outer = Recipe {
                    literal: recipe.literal.clone(),
                    steps: [*outer].into_iter().collect(),
                };
                let text = decode::around(self.content, candidate.at, &outer, Reach::CONTEXT)?.0;
                view.middle = Some(Box::new(self.view(text, found, attributor)));
            }
            self.last = Some(view);
            if !self.last.as_mut()?.point_at(found) {
                self.last = None;
            }
        }
        self.last.as_ref()
    }

    /// The lines of the content as UTF-16; those of the last view if they are the same.
    fn wide_lines(&self, at: usize, big_endian: bool) -> Rc<LineTable<'static>> {
        let odd = at % 2 == 1;
        let charset = if big_endian { Charset::Utf16Be { odd } } else { Charset::Utf16Le { odd } };
        let last = self.last.as_ref().and_then(|view| view.wide_lines.clone());
        last.filter(|table| table.charset() == charset)
            .unwrap_or_else(|| Rc::new(LineTable::new(self.content, charset)))
    }

    fn view(&self, text: Text, found: &Match, attributor: &Attributor<'_>) -> View {
        let lines = LineTable::new(&text.bytes, Charset::Utf8);
        let wide = found.layers.first() == Some(&Layer::Wide);
        // A candidate is where a letter is, whatever the order.
        let letter = found.candidate.map_or(found.span.start, |candidate| candidate.at);
        let big_endian = wide && decode::is_big_endian(self.content, letter);
        let wide_lines = wide.then(|| self.wide_lines(found.span.start, big_endian));
        View {
            comments: AllowComments::find(&text.bytes, &lines),
            hits: attributor.hits(&text.bytes),
            layers: found.layers.clone(),
            middle: None,
            span: Span::default(),
            matches: [Span::default()],
            lines,
            text,
            big_endian,
            wide_lines,
        }
    }
}
