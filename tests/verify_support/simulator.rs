//! The five providers as their documents describe them: which key gets which answer.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Action, Received};
use keytrawl::rule::drawn;

/// A provider, as far as tests need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Provider {
    Mega,
    Leadey,
    Nateq,
    Leadterra,
    Meetergo,
}

impl Provider {
    pub(crate) const ALL: [Provider; 5] = [
        Provider::Mega,
        Provider::Leadey,
        Provider::Nateq,
        Provider::Leadterra,
        Provider::Meetergo,
    ];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Provider::Mega => "mega",
            Provider::Leadey => "leadey",
            Provider::Nateq => "nateq",
            Provider::Leadterra => "leadterra",
            Provider::Meetergo => "meetergo",
        }
    }

    /// The host of its probe.
    pub(crate) fn host(self) -> &'static str {
        match self {
            Provider::Mega => "app.gomega.ai",
            Provider::Leadey => "backend.leadey.ai",
            Provider::Nateq => "api.nateq.io",
            Provider::Leadterra => "app.leadterra.co",
            Provider::Meetergo => "api.meetergo.com",
        }
    }

    /// The path of its probe, which has no query.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Provider::Mega => "/api/agents/crm/lead-webhooks",
            Provider::Leadey => "/v1/me",
            Provider::Nateq => "/api/v1/webhooks/events",
            Provider::Leadterra => "/v1/sender-pools",
            Provider::Meetergo => "/v4/user/me",
        }
    }

    /// A made-up key of number `n`.
    pub(crate) fn key(self, n: u64) -> String {
        let shape = match self {
            Provider::Mega => "mega_{hex:64}",
            Provider::Leadey => "leadey_sk_live_{base64url:42}A",
            Provider::Nateq => "tg_live_{base62:48}",
            Provider::Leadterra => "sk_live_{base62:40}",
            Provider::Meetergo if n % 4 == 1 => "ak_live:{uuid}:{base62:40}",
            Provider::Meetergo => "rgo-{base62:32}",
        };
        drawn(shape, (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A line of a settings file that proves the issuer.
    pub(crate) fn line(self, key: &str) -> String {
        format!("{}_API_KEY={key}\n", self.id().to_uppercase())
    }

    pub(crate) fn accepts(self) -> Action {
        Action::json(
            200,
            match self {
                Provider::Mega => r#"{"webhooks":[]}"#,
                Provider::Leadey => r#"{"data":{"id":"org_1","name":"An Organization"}}"#,
                Provider::Nateq => r#"{"success":true,"data":["lead.created"]}"#,
                Provider::Leadterra => r#"[{"id":1,"name":"Pool","capacity":10}]"#,
                Provider::Meetergo => r#"{"id":"u_1","email":"ann@author.example"}"#,
            },
        )
    }

    pub(crate) fn refuses(self) -> Action {
        Action::json(
            401,
            match self {
                Provider::Mega => {
                    r#"{"error":{"type":"authentication_error","code":"invalid_token","message":"no"}}"#
                }
                Provider::Leadey => {
                    r#"{"error":{"message":"Invalid or revoked API key.","details":null}}"#
                }
                Provider::Nateq => {
                    r#"{"success":false,"error":{"code":"INVALID_API_KEY","message":"no"}}"#
                }
                Provider::Leadterra => {
                    r#"{"error":{"code":"authentication_failed","message":"no"}}"#
                }
                Provider::Meetergo => {
                    r#"{"statusCode":401,"message":"Invalid API key","error":"Unauthorized"}"#
                }
            },
        )
    }

    /// A handler that gives each key the answer that is set down for it, and refuses all others.
    pub(crate) fn with(
        self,
        answers: HashMap<String, Action>,
    ) -> impl Fn(&Received) -> Action + Send + Sync + 'static {
        let answers = Arc::new(answers);
        move |request| {
            assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", self.path()));
            answers.get(request.key()).cloned().unwrap_or_else(|| self.refuses())
        }
    }
}
