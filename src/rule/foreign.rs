//! What a rule can say in gitleaks' configurations beside what every rule can say.

/// The rest of a rule that means what it means to gitleaks: it is judged by entropy and allowlists
/// alone, and a match begins and ends wherever its expression says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Rules that must have a finding in the same content.
    pub required: Vec<Required>,
    /// Whether it serves other rules only and is not reported itself.
    pub skip_report: bool,
    /// Whether it has no expression: a file of such a path is the finding.
    pub path_only: bool,
    /// How sure its findings are, if it says that.
    pub confidence: Option<Level>,
    /// Whether it yields to others that find the same, by how much each tells; none: it does not say.
    pub specificity: Option<i64>,
}

/// How sure the findings of a rule are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// They may be anything.
    Low,
    /// They are likely to be secrets.
    Medium,
    /// They are secrets.
    High,
}

/// A rule that must have a finding near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// Its id.
    pub id: String,
    /// The most lines that it may begin before, and after the line in which the match begins.
    pub lines: Option<(u64, u64)>,
    /// How far it may be in the line, or in the text.
    pub columns: Option<Columns>,
}

/// How far the finding of another rule may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The most columns between the beginnings of the two.
    Apart(u64),
    /// It begins in so many columns before the match, or after it.
    Around(u64, u64),
    /// It begins in so many bytes before the match, or after it.
    Near(u64, u64),
}
