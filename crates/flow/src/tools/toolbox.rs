//! The tools of one tenant, put together by hand: what a program does that reads no `tools.toml`.

use std::sync::Arc;

use super::absent::{Absent, KNOWN};
use super::{
    AnalyzeImage, Calendar, CreateTicket, KnowledgeBase, SendEmail, SendSms, SendWhatsapp, TextToSpeech,
    TranscribeAudio,
};
use crate::tool::{Registry, Tool};
use crate::{Error, Executor, Recovery, Secrets};

/// Tools that are being put together for a tenant (a company, as older programs say). What is not set is listed, and
/// cannot be called.
#[derive(Default)]
pub struct Toolbox {
    tenant: String,
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// No tools yet.
    pub fn of(tenant: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), tools: Vec::new() }
    }

    /// What answers questions: `knowledge_base`.
    #[must_use]
    pub fn vectorstore(self, knowledge: KnowledgeBase) -> Self {
        self.tool(knowledge)
    }

    /// What keeps appointments, under the name that it was given.
    #[must_use]
    pub fn calendar(self, calendar: Calendar) -> Self {
        self.tool(calendar)
    }

    /// What sends mail.
    #[must_use]
    pub fn email(self, email: SendEmail) -> Self {
        self.tool(email)
    }

    /// What writes by Chatwoot: messages, tickets, or both.
    #[must_use]
    pub fn chatwoot(self, whatsapp: Option<SendWhatsapp>, tickets: Option<CreateTicket>) -> Self {
        let whatsapp = whatsapp.into_iter().fold(self, Self::tool);
        tickets.into_iter().fold(whatsapp, Self::tool)
    }

    /// What sends text messages.
    #[must_use]
    pub fn sms(self, sms: SendSms) -> Self {
        self.tool(sms)
    }

    /// What hears, sees and speaks: each where it is there.
    #[must_use]
    pub fn multimedia(
        self,
        hears: Option<TranscribeAudio>,
        sees: Option<AnalyzeImage>,
        speaks: Option<TextToSpeech>,
    ) -> Self {
        let own = hears.into_iter().fold(self, Self::tool);
        let own = sees.into_iter().fold(own, Self::tool);
        speaks.into_iter().fold(own, Self::tool)
    }

    /// Any other tool.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool + 'static) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// The tools, by name, with those that come with the program and were not set.
    ///
    /// Errors: [`Error::ToolInvalid`], where two have one name.
    pub fn registry(self) -> Result<Registry, Error> {
        let mut registry = Registry::new();
        self.tools.into_iter().try_for_each(|tool| registry.add(tool))?;
        for (name, does, table) in KNOWN {
            if registry.get(name).is_none() {
                registry.add(Arc::new(Absent::new(name, does, table)))?;
            }
        }
        Ok(registry)
    }

    /// What calls them, on record.
    ///
    /// Errors: as [`Toolbox::registry`].
    pub fn executor(self, recovery: Recovery, secrets: Arc<dyn Secrets>) -> Result<Executor, Error> {
        let tenant = self.tenant.clone();
        Ok(Executor::new(tenant, Arc::new(self.registry()?), recovery, secrets))
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.tools.iter().map(|tool| &tool.info().name);
        f.debug_struct("Toolbox").field("tenant", &self.tenant).field("tools", &names.collect::<Vec<_>>()).finish()
    }
}
