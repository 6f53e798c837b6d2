//! The closed sets of the domain, each with its canonical spelling and the
//! aliases under which the five seed dialects know it.

use crate::Error;

/// Declares a closed set: the variants, their canonical text, their aliases.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident, $what:literal {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal $(| $alias:literal)*),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* #[expect(missing_docs, reason = "the text says it")] $variant),+ }

        impl $name {
            /// Every member, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The canonical spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                match text.to_ascii_lowercase().as_str() {
                    $($text $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(Error::Vocabulary {
                        field: $what,
                        allowed: Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.as_str()) }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

vocabulary! {
    /// Who acts.
    ActorKind, "actor.kind" {
        User = "user", Agent = "agent", Service = "service", System = "system", Unknown = "unknown",
    }
}

vocabulary! {
    /// How an action ended.
    Outcome, "outcome" {
        Ok = "ok" | "success", Failed = "failed" | "failure" | "error", Blocked = "blocked",
        Cancelled = "cancelled" | "canceled", Unknown = "unknown",
    }
}

vocabulary! {
    /// Weight. `low`, `medium`, `high` and the seeds' `compliance` are aliases.
    Severity, "severity" {
        Debug = "debug", Info = "info" | "low" | "compliance", Warning = "warning" | "warn" | "medium",
        Error = "error" | "high", Critical = "critical",
    }
}

vocabulary! {
    /// Who may see the content.
    Classification, "classification" {
        Public = "public", Internal = "internal", Confidential = "confidential", Restricted = "restricted",
    }
}

vocabulary! {
    /// What an action was done to.
    TargetKind, "target.kind" {
        File = "file", Module = "module", Service = "service", Log = "log", Git = "git", Quality = "quality",
        Tool = "tool", Record = "record", Workflow = "workflow", Project = "project", Credential = "credential",
        Model = "model", Rule = "rule", Key = "key", Ledger = "ledger", Other = "other",
    }
}

vocabulary! {
    /// What sort of action it was: every enumeration of the seeds, merged.
    Category, "category" {
        FileRead = "file_read", FileWrite = "file_write", CodeExecution = "code_execution",
        LlmRequest = "llm_request", AgentDecision = "agent_decision", DataAccess = "data_access",
        ConfigChange = "config_change" | "configuration_change", SecurityEvent = "security_event",
        ToolCall = "tool_call", CredentialAccess = "credential_access", CredentialCreate = "credential_create",
        CredentialDelete = "credential_delete", ProjectCreate = "project_create",
        ProjectUpdate = "project_update", ProjectDelete = "project_delete", ComponentSync = "component_sync",
        TokenSync = "token_sync", StateTransition = "state_transition", Error = "error",
        McpCall = "mcp_call", WatcherEvent = "watcher_event", TaskProcessing = "task_processing",
        Iteration = "iteration", AccessAttempt = "access_attempt", HealthCheck = "health_check",
        SensitiveOperation = "sensitive_operation", Performance = "performance", Booking = "booking",
        Notification = "notification", Ticket = "ticket", RagSearch = "rag_search", ApiCall = "api_call",
        Audit = "audit", Administration = "administration", Other = "other",
    }
}

vocabulary! {
    /// What has become of a record since; each change is a record of its own.
    Status, "status" {
        Recorded = "recorded", Analyzed = "analyzed", Verified = "verified", Exported = "exported",
    }
}
