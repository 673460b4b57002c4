//! The part of SARIF 2.1.0 that the report writes, with the paragraph of the standard (OASIS, 27 March
//! 2020) that defines each property.
//!
//! Not here: what the values are. Properties that nothing fills are left out of these types.

use std::collections::BTreeMap;

use serde::Serialize;

/// 3.13: the whole document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log<'a> {
    /// 3.13.3
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    /// 3.13.2
    pub(super) version: &'static str,
    /// 3.13.4
    pub(super) runs: [Run<'a>; 1],
}

/// 3.14: one run of one tool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    /// 3.14.6
    pub(super) tool: Tool<'a>,
    /// 3.14.3
    pub(super) automation_details: AutomationDetails,
    /// 3.14.11
    pub(super) invocations: [Invocation<'a>; 1],
    /// 3.14.14
    pub(super) original_uri_base_ids: BTreeMap<&'static str, Base>,
    /// 3.14.27
    pub(super) column_kind: &'static str,
    /// 3.14.28
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) redaction_tokens: &'static [&'static str],
    /// 3.14.23
    pub(super) results: Vec<Entry<'a>>,
    /// 3.8
    pub(super) properties: RunProperties,
}

/// 3.18: the tool.
#[derive(Serialize)]
pub(super) struct Tool<'a> {
    /// 3.18.2
    pub(super) driver: Driver<'a>,
}

/// 3.19: the program.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'a> {
    /// 3.19.8
    pub(super) name: &'static str,
    /// 3.19.12
    pub(super) semantic_version: &'static str,
    /// 3.19.13
    pub(super) version: &'static str,
    /// 3.19.19
    pub(super) short_description: Text,
    /// 3.19.23
    pub(super) rules: Vec<Descriptor<'a>>,
}

/// 3.12: a text, with markdown where it has some.
#[derive(Clone, Serialize)]
pub(super) struct Text {
    /// 3.12.3
    pub(super) text: String,
    /// 3.12.4
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) markdown: Option<String>,
}

impl Text {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), markdown: None }
    }
}

/// 3.17: what this run is one of.
#[derive(Serialize)]
pub(super) struct AutomationDetails {
    /// 3.17.3
    pub(super) id: &'static str,
}

/// 3.20: how the run went.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    /// 3.20.14
    pub(super) execution_successful: bool,
    /// 3.20.21
    pub(super) tool_execution_notifications: Vec<Notification<'a>>,
}

/// 3.58: something to know about the run.
#[derive(Serialize)]
pub(super) struct Notification<'a> {
    /// 3.58.2
    pub(super) descriptor: DescriptorReference<'a>,
    /// 3.58.5
    pub(super) message: Message,
    /// 3.58.6
    pub(super) level: &'static str,
    /// 3.58.4
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) locations: Vec<Location<'a>>,
}

/// 3.52: a descriptor by its name.
#[derive(Serialize)]
pub(super) struct DescriptorReference<'a> {
    /// 3.52.4
    pub(super) id: &'a str,
}

/// 3.11: a message. Plain text: what looks like a link in it is escaped.
#[derive(Serialize)]
pub(super) struct Message {
    /// 3.11.8
    pub(super) text: String,
}

/// 3.4: what relative URIs are relative to.
#[derive(Serialize)]
pub(super) struct Base {
    /// 3.4.6
    pub(super) description: Message,
}

/// 3.49: a rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor<'a> {
    /// 3.49.3
    pub(super) id: &'a str,
    /// 3.49.9
    pub(super) short_description: Text,
    /// 3.49.10
    pub(super) full_description: Text,
    /// 3.49.12
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<String>,
    /// 3.49.13
    pub(super) help: Text,
    /// 3.49.14
    pub(super) default_configuration: Configuration,
    /// 3.8
    pub(super) properties: RuleProperties<'a>,
}

/// 3.50: how a rule is set.
#[derive(Serialize)]
pub(super) struct Configuration {
    /// 3.50.3
    pub(super) level: &'static str,
}

/// 3.8: the names are those that code scanning services read.
#[derive(Serialize)]
pub(super) struct RuleProperties<'a> {
    /// 3.8.2
    pub(super) tags: Vec<&'a str>,
    pub(super) precision: &'static str,
    #[serde(rename = "security-severity")]
    pub(super) security_severity: &'static str,
    #[serde(rename = "problem.severity")]
    pub(super) problem_severity: &'static str,
}

/// 3.27: one secret in one place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    /// 3.27.5
    pub(super) rule_id: &'a str,
    /// 3.27.6
    pub(super) rule_index: usize,
    /// 3.27.10
    pub(super) level: &'static str,
    /// 3.27.11
    pub(super) message: Message,
    /// 3.27.12
    pub(super) locations: [Location<'a>; 1],
    /// 3.27.17
    pub(super) partial_fingerprints: BTreeMap<&'static str, String>,
    /// 3.27.23
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) suppressions: Vec<Suppression>,
    /// 3.27.25
    pub(super) rank: f32,
    /// 3.8
    pub(super) properties: ResultProperties<'a>,
}

/// 3.28: a place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location<'a> {
    /// 3.28.3
    pub(super) physical_location: PhysicalLocation<'a>,
}

/// 3.29: a file and a part of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    /// 3.29.3
    pub(super) artifact_location: ArtifactLocation,
    /// 3.29.4
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Region<'a>>,
}

/// 3.4: where a file is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    /// 3.4.3
    pub(super) uri: String,
    /// 3.4.4
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri_base_id: Option<&'static str>,
}

/// 3.30: a part of a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region<'a> {
    /// 3.30.5
    pub(super) start_line: usize,
    /// 3.30.6
    pub(super) start_column: usize,
    /// 3.30.7
    pub(super) end_line: usize,
    /// 3.30.8
    pub(super) end_column: usize,
    /// 3.30.11
    pub(super) byte_offset: usize,
    /// 3.30.12
    pub(super) byte_length: usize,
    /// 3.30.13
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snippet: Option<Snippet<'a>>,
}

/// 3.3: a piece of content, with every secret in it masked.
#[derive(Serialize)]
pub(super) struct Snippet<'a> {
    /// 3.3.2
    pub(super) text: &'a str,
}

/// 3.35: somebody has said that it may stay. Without a status (3.35.3), that is accepted.
#[derive(Serialize)]
pub(super) struct Suppression {
    /// 3.35.2
    pub(super) kind: &'static str,
    /// 3.35.6
    pub(super) justification: String,
}

/// 3.8
#[derive(Serialize)]
pub(super) struct RunProperties {
    pub(super) complete: bool,
}

/// 3.8
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultProperties<'a> {
    pub(super) provider: Option<&'a str>,
    pub(super) environment: Option<&'static str>,
    pub(super) severity: &'static str,
    pub(super) confidence: &'static str,
    pub(super) secret: String,
    pub(super) verdict: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) evidence: &'a [String],
    pub(super) encoding: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blob: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<Commit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_commit: Option<Commit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_head: Option<bool>,
}

/// 3.8
#[derive(Serialize)]
pub(super) struct Commit<'a> {
    pub(super) id: &'a str,
    pub(super) author: &'a str,
    pub(super) email: &'a str,
    pub(super) date: &'a str,
    pub(super) summary: &'a str,
}
