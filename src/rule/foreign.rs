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
}

/// A rule that must have a finding near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// Its id.
    pub id: String,
    /// The most lines between the two.
    pub within_lines: Option<u64>,
    /// The most columns between the beginnings of the two.
    pub within_columns: Option<u64>,
}
