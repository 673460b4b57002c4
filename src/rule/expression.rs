//! Expressions of betterleaks' configurations: what one says, read once and checked.
//!
//! What is in the language and not here reads as something unknown, with the name of what is lacking:
//! an expression is as good as its known parts allow. Not here: what an expression comes to.

mod entry;
mod lexer;
mod parser;

use std::fmt;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::Pattern;

/// An expression that decides about findings.
#[derive(Clone, Debug)]
pub struct Expression {
    source: Box<str>,
    root: Node,
    needs: Vec<Need>,
    about_findings: bool,
    sets_confidence: bool,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first mistake of syntax.
    pub fn new(source: &str) -> Result<Self, Mistake> {
        parser::parse(source)
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it comes down to.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// What it asks for that there is not, each once, where it is first asked for.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// Whether it looks at findings, not only at where they are.
    pub fn is_about_findings(&self) -> bool {
        self.about_findings
    }

    /// Whether it says how sure findings are.
    pub fn sets_confidence(&self) -> bool {
        self.sets_confidence
    }
}

/// A mistake of syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is, in bytes of the expression.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

/// Something that an expression asks for and that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Where it is asked for, in bytes of the expression.
    pub at: usize,
    /// What it is, as it is written.
    pub what: String,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// Something that there is not.
    Unknown,
    /// No value.
    Nil,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(Box<[u8]>),
    /// A list.
    List(Vec<Node>),
    /// Something of the finding.
    Fact(Fact),
    /// The path in the repository.
    Path,
    /// A value with a name, by its number among those that are in reach.
    Local(usize),
    /// Values that get names, and what is said with them.
    Let(Vec<Node>, Box<Node>),
    /// Whether all hold.
    All(Vec<Node>),
    /// Whether one holds.
    Any(Vec<Node>),
    /// Whether it does not hold.
    Not(Box<Node>),
    /// The negative of a number.
    Negative(Box<Node>),
    /// The second or the third, as the first holds or not.
    Choice(Box<[Node; 3]>),
    /// The second, if the first is no value.
    Otherwise(Box<[Node; 2]>),
    /// What an operator makes of two values, and where it stands.
    Binary(Operator, Box<[Node; 2]>, usize),
    /// An item of a list.
    Item(Box<[Node; 2]>),
    /// A part of a text or of a list; its ends, where they are given.
    Part(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    /// Whether a regular expression matches a text; none: it has no branch.
    Matches(Box<Node>, Option<Pattern>),
    /// What a regular expression matches first.
    Find(Box<Node>, Pattern),
    /// Whether a text holds one of some words.
    Holds(Box<Node>, Words),
    /// What a function makes of values, and where it is called.
    Call(Function, Vec<Node>, usize),
}

/// Something of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The secret.
    Secret,
    /// All that the rule's expression matched.
    Match,
    /// The lines that hold the match.
    Line,
    /// The id of the rule.
    RuleId,
    /// What the rule says of itself.
    Description,
    /// The text that the match was found in.
    Fragment,
    /// Where the match begins in it.
    MatchStart,
    /// Where the match ends in it.
    MatchEnd,
    /// Where the line begins in it.
    LineStart,
    /// Where the line ends in it.
    LineEnd,
}

/// What stands between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `startsWith`
    StartsWith,
    /// `endsWith`
    EndsWith,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
    /// `%`
    Modulo,
    /// `^`
    Power,
}

macro_rules! functions {
    ($($name:ident $text:literal $least:literal $most:literal $says:literal;)*) => {
        /// A function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $(#[doc = $says] $name,)* }

        impl Function {
            /// The function of a name, and the least and the most values that it takes.
            pub(super) fn named(name: &str) -> Option<(Self, usize, usize)> {
                match name { $($text => Some((Self::$name, $least, $most)),)* _ => None }
            }
        }
    };
}

functions! {
    Entropy "entropy" 1 1 "Shannon bits a byte.";
    SetConfidence "setConfidence" 1 1 "Says how sure the finding is.";
    Len "len" 1 1 "Characters of a text, items of a list.";
    Lower "lower" 1 1 "A text in small letters.";
    Upper "upper" 1 1 "A text in capitals.";
    Trim "trim" 1 1 "A text without blanks at its ends.";
    TrimPrefix "trimPrefix" 2 2 "A text without a beginning.";
    TrimSuffix "trimSuffix" 2 2 "A text without an ending.";
    HasPrefix "hasPrefix" 2 2 "Whether a text begins so.";
    HasSuffix "hasSuffix" 2 2 "Whether a text ends so.";
    Split "split" 2 2 "The parts of a text between others.";
    Join "join" 1 2 "Texts as one.";
    Replace "replace" 3 3 "A text with one part in the place of another.";
    IndexOf "indexOf" 2 2 "Where a text has a part first.";
    LastIndexOf "lastIndexOf" 2 2 "Where a text has a part last.";
    Max "max" 1 64 "The greatest number.";
    Min "min" 1 64 "The least number.";
    Abs "abs" 1 1 "A number without its sign.";
    Int "int" 1 1 "A whole number.";
    Float "float" 1 1 "A number.";
    Text "string" 1 1 "A value as a text.";
    First "first" 1 1 "The first item of a list.";
    Last "last" 1 1 "The last item of a list.";
}

/// Words that are sought in small letters, all at once.
#[derive(Clone)]
pub struct Words {
    words: Vec<String>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Words {
    fn new(words: Vec<String>) -> Self {
        let small = words.iter().map(|word| word.to_lowercase()).collect();
        Self { words: small, automaton: OnceLock::new() }
    }

    /// Whether one of them is in a text in small letters; none: they are too many to tell.
    pub fn are_in(&self, text: &[u8]) -> Option<bool> {
        let automaton = self.automaton.get_or_init(|| AhoCorasick::new(&self.words).ok());
        Some(automaton.as_ref()?.is_match(text))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words.fmt(f)
    }
}

#[cfg(test)]
mod tests;
