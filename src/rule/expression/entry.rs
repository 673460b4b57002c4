//! What expressions call and look up by name: functions, and entries of `finding` and `attributes`.

use super::lexer::Token;
use super::parser::Parser;
use super::{Fact, Function, Mistake, Node, Words};
use crate::rule::{Pattern, mistake_of};

impl Parser {
    /// An entry of `finding` or of `attributes`.
    pub(super) fn entry(&mut self, map: &str, at: usize) -> Result<Node, Mistake> {
        let key = if self.skip("[") {
            let key = self.expression(0)?;
            self.expect("]")?;
            key
        } else if self.skip(".") || self.skip("?.") {
            match self.take() {
                Token::Word(word) => Node::Text(word.into_bytes().into()),
                _ => {
                    self.next -= 1;
                    return self.unexpected();
                }
            }
        } else {
            return Ok(self.unknown(at, format!("`{map}` as a value")));
        };
        Ok(self.entry_of(map, &key, at))
    }

    fn entry_of(&mut self, map: &str, key: &Node, at: usize) -> Node {
        self.about_findings |= map == "finding";
        let Node::Text(key) = key else {
            return self.unknown(at, format!("an entry of `{map}` that is not written out"));
        };
        let key = String::from_utf8_lossy(key).into_owned();
        if map == "attributes" {
            return match key.as_str() {
                "path" => Node::Path,
                _ => self.unknown(at, format!("`attributes[\"{}\"]`", key.escape_debug())),
            };
        }
        Node::Fact(match key.as_str() {
            "secret" => Fact::Secret,
            "match" => Fact::Match,
            "line" => Fact::Line,
            "rule_id" => Fact::RuleId,
            "description" => Fact::Description,
            "fragment_raw" => Fact::Fragment,
            "match_start_idx" => Fact::MatchStart,
            "match_end_idx" => Fact::MatchEnd,
            "match_line_start_idx" => Fact::LineStart,
            "match_line_end_idx" => Fact::LineEnd,
            _ => return self.unknown(at, format!("`finding[\"{}\"]`", key.escape_debug())),
        })
    }

    /// A call, from behind its bracket on; `first` is a value that stands before the others.
    pub(super) fn call(
        &mut self,
        name: &str,
        first: Option<Node>,
        at: usize,
    ) -> Result<Node, Mistake> {
        if matches!((name, self.peek()), ("get", Token::Word(w)) if w == "attributes" || w == "finding")
            && self.peek_after() == &Token::Mark(",")
        {
            return self.get(at);
        }
        let mut values: Vec<Node> = first.into_iter().collect();
        values.extend(self.values(")")?);
        let many = values.len();
        match name {
            "matchesAny" | "findMatch" | "containsAny" if many == 2 => {
                let second = values.pop().unwrap_or(Node::Unknown);
                let text = values.pop().unwrap_or(Node::Unknown);
                return Ok(match (name, second) {
                    ("findMatch", pattern) => self.find(text, pattern, at),
                    ("matchesAny", Node::List(patterns)) => self.matches(text, patterns, at),
                    ("containsAny", Node::List(words)) => self.holds(text, words, at),
                    _ => {
                        self.unknown(at, format!("`{name}()` with a list that is not written out"))
                    }
                });
            }
            _ => {}
        }
        Ok(match Function::named(name) {
            Some((function, least, most)) if (least..=most).contains(&many) => {
                self.sets_confidence |= function == Function::SetConfidence;
                Node::Call(function, values, at)
            }
            Some(_) => self.unknown(at, format!("`{name}()` with {many} arguments")),
            None => self.unknown(at, format!("`{name}()`")),
        })
    }

    /// An entry of a map, or another value where there is none.
    fn get(&mut self, at: usize) -> Result<Node, Mistake> {
        let Token::Word(map) = self.take() else { return self.unexpected() };
        self.expect(",")?;
        let mut values = self.values(")")?;
        let default = if values.len() == 2 { values.pop() } else { None };
        let (Some(key), true) = (values.pop(), values.is_empty()) else {
            return Ok(self.unknown(at, "`get()` with other arguments"));
        };
        let entry = self.entry_of(&map, &key, at);
        Ok(match default {
            Some(default) => Node::Otherwise(Box::new([entry, default])),
            None => entry,
        })
    }

    /// The texts of a list whose items are all written out.
    fn texts(&mut self, nodes: Vec<Node>, at: usize) -> Option<Vec<String>> {
        let text = |node: &Node| match node {
            Node::Text(text) => String::from_utf8(text.to_vec()).ok(),
            _ => None,
        };
        let texts: Option<Vec<String>> = nodes.iter().map(text).collect();
        if texts.is_none() {
            self.unknown(at, "a list of texts that are not written out");
        }
        texts
    }

    fn pattern(&mut self, source: &str, at: usize) -> Option<Pattern> {
        match Pattern::foreign(source) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let what = format!("a regular expression that is wrong ({})", mistake_of(&error).1);
                self.unknown(at, what);
                None
            }
        }
    }

    pub(super) fn matches(&mut self, text: Node, patterns: Vec<Node>, at: usize) -> Node {
        let Some(texts) = self.texts(patterns, at) else { return Node::Unknown };
        if texts.is_empty() {
            return Node::Matches(Box::new(text), None);
        }
        let parts: Vec<String> = texts.iter().map(|text| format!("(?:{text})")).collect();
        match self.pattern(&parts.join("|"), at) {
            Some(pattern) => Node::Matches(Box::new(text), Some(pattern)),
            None => Node::Unknown,
        }
    }

    fn find(&mut self, text: Node, pattern: Node, at: usize) -> Node {
        let source = self.texts(vec![pattern], at).and_then(|mut texts| texts.pop());
        match source.and_then(|source| self.pattern(&source, at)) {
            Some(pattern) => Node::Find(Box::new(text), pattern),
            None => Node::Unknown,
        }
    }

    fn holds(&mut self, text: Node, words: Vec<Node>, at: usize) -> Node {
        match self.texts(words, at) {
            Some(words) if words.iter().any(String::is_empty) => self.unknown(at, "an empty word"),
            Some(words) => Node::Holds(Box::new(text), Words::new(words)),
            None => Node::Unknown,
        }
    }
}
