//! Lines of text: indented, wrapped, cut and coloured.
//!
//! Everything that is written passes through here and is made fit for a terminal on the way. Not
//! here: what is said.

use std::io;

use anstyle::{AnsiColor, Style};

use crate::report::Options;
use crate::report::sanitize::visible;

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
pub(super) const CARE: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// No terminal is taken to be narrower: it wraps by itself then.
const MIN_WIDTH: usize = 40;
const CUT: &str = "...";

/// A page being written.
pub(super) struct Page<'w> {
    out: &'w mut dyn io::Write,
    color: bool,
    width: Option<usize>,
    begun: bool,
}

impl<'w> Page<'w> {
    pub(super) fn new(out: &'w mut dyn io::Write, options: &Options) -> Self {
        let width = options.width.map(|w| w.max(MIN_WIDTH));
        Self { out, color: options.color, width, begun: false }
    }

    /// An empty line, except at the top.
    pub(super) fn blank(&mut self) -> io::Result<()> {
        if self.begun { self.end_line() } else { Ok(()) }
    }

    /// A heading, with an empty line before and after it.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        self.whole(0, STRONG, text, "")?;
        self.blank()
    }

    /// A line that is never cut, for what is clicked or copied, and a remark on it.
    pub(super) fn whole(
        &mut self,
        indent: usize,
        style: Style,
        text: &str,
        remark: &str,
    ) -> io::Result<()> {
        self.pad(indent)?;
        self.paint(style, &visible(text))?;
        if !remark.is_empty() {
            self.pad(2)?;
            self.paint(PLAIN, &visible(remark))?;
        }
        self.end_line()
    }

    /// A label and words that flow from column `hang` on. White space in `text` is as good as a
    /// space.
    pub(super) fn flow(
        &mut self,
        indent: usize,
        (style, label): (Style, &str),
        hang: usize,
        text: &str,
    ) -> io::Result<()> {
        let label = visible(label);
        self.pad(indent)?;
        self.paint(style, &label)?;
        let mut column = indent + columns(&label);
        // The gap that the next word needs before it.
        let mut gap = match hang.checked_sub(column) {
            Some(gap) => gap,
            None if label.ends_with(':') => 1,
            None => 2,
        };
        for word in text.split_whitespace() {
            let word = visible(word);
            let wide = columns(&word);
            if self.width.is_some_and(|w| column > hang && column + gap + wide > w) {
                self.end_line()?;
                (column, gap) = (0, hang);
            }
            self.pad(gap)?;
            write!(self.out, "{word}")?;
            column += gap + wide;
            gap = 1;
        }
        self.end_line()
    }

    /// A paragraph.
    pub(super) fn prose(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.flow(indent, (PLAIN, ""), indent, text)
    }

    /// A line of scanned content, cut so that `focus` stays in sight.
    pub(super) fn excerpt(&mut self, indent: usize, text: &str, focus: &str) -> io::Result<()> {
        const BAR: &str = "| ";
        let text = visible(&text.trim().replace('\t', "  ")).into_owned();
        let focus = visible(focus);
        let shown = match self.width {
            Some(width) => window(&text, &focus, width.saturating_sub(indent + BAR.len())),
            None => text,
        };
        self.pad(indent)?;
        self.paint(FAINT, BAR)?;
        match shown.split_once(&*focus) {
            Some((before, after)) if self.color => {
                write!(self.out, "{before}")?;
                self.paint(STRONG, &focus)?;
                write!(self.out, "{after}")?;
            }
            _ => write!(self.out, "{shown}")?,
        }
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.begun = true;
        self.out.write_all(b"\n")
    }

    fn pad(&mut self, count: usize) -> io::Result<()> {
        write!(self.out, "{:count$}", "")
    }

    fn paint(&mut self, style: Style, text: &str) -> io::Result<()> {
        if self.color && style != PLAIN && !text.is_empty() {
            write!(self.out, "{}{text}{}", style.render(), style.render_reset())
        } else {
            write!(self.out, "{text}")
        }
    }
}

/// The part of `text` around `focus` (or from the start, without it) that fits into `room` columns.
fn window(text: &str, focus: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let limit = room.saturating_sub(CUT.len());
    let lead = text.split_once(focus).map_or(0, |(before, _)| columns(before));
    let wide = columns(focus);
    let skip = if lead + wide <= limit {
        0
    } else {
        lead.saturating_sub(limit.saturating_sub(CUT.len() + wide) / 2)
    };
    let mut shown = String::from(if skip > 0 { CUT } else { "" });
    let (mut passed, mut used) = (0, shown.len());
    for c in text.chars() {
        if passed < skip {
            passed += column_width(c);
        } else if used + column_width(c) <= limit {
            used += column_width(c);
            shown.push(c);
        } else {
            shown.push_str(CUT);
            break;
        }
    }
    shown
}

fn columns(text: &str) -> usize {
    text.chars().map(column_width).sum()
}

/// Ideographs and their like take two columns; combining marks are not told apart.
fn column_width(c: char) -> usize {
    let wide = matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(width: usize, write: impl Fn(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        let options = Options { width: Some(width), ..Options::default() };
        write(&mut Page::new(&mut out, &options)).expect("a vector takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn words_flow_from_the_column_that_hangs() {
        let text = "one two three four five six seven eight nine ten eleven";
        let flow = page(40, |p| p.flow(2, (STRONG, "label"), 10, text));
        assert_eq!(
            flow,
            "  label   one two three four five six\n          seven eight nine ten eleven\n"
        );
        let long = page(40, |p| p.flow(2, (STRONG, &"x".repeat(50)), 4, "one two"));
        assert_eq!(long, format!("  {}\n    one two\n", "x".repeat(50)));
    }

    #[test]
    fn an_excerpt_keeps_the_secret_in_sight() {
        let text = format!("{}KEY{}", "a".repeat(50), "b".repeat(50));
        let cut = page(40, |p| p.excerpt(4, &text, "KEY"));
        assert_eq!(cut, "    | ...aaaaaaaaaaaaKEYbbbbbbbbbbbbb...\n");
        assert_eq!(page(40, |p| p.excerpt(4, "\tKEY = 1\n", "KEY")), "    | KEY = 1\n");
    }

    proptest! {
        #[test]
        fn cut_lines_fit_and_hold_the_focus(before in ".{0,80}", after in ".{0,80}", room in 20usize..60) {
            let text = format!("{}KEY{}", visible(&before), visible(&after));
            let cut = window(&text, "KEY", room);
            prop_assert!(columns(&cut) <= room, "{cut}");
            prop_assert!(cut.contains("KEY"), "{cut}");
        }
    }
}
