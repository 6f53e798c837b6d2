//! An address of one's own, by POST.

use sealbook_flow::Webhook;
use sealbook_gate::Question;

use super::{DEADLINE, Way, as_json};
use crate::failure::Failure;

pub(super) struct Post(Webhook);

impl Post {
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        Ok(Self(Webhook::new(url)?))
    }
}

impl Way for Post {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn tell(&self, question: &Question) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| "the system's timers cannot be used".to_owned())?;
        runtime.block_on(self.0.post(as_json(question), DEADLINE))
    }
}
