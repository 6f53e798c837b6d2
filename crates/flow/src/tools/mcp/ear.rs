//! What we say of ourselves to a server, and what we hear of it: nothing but that its tools changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{ClientCapabilities, ClientConfig, Implementation};
use rmcp::service::{NotificationContext, RoleClient};

/// Hears that tools changed.
#[derive(Clone, Default)]
pub(super) struct Ear {
    changed: Arc<AtomicBool>,
}

impl Ear {
    /// Whether tools changed since this was asked last.
    pub(super) fn heard(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }
}

impl rmcp::ClientHandler for Ear {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Release);
    }

    fn get_info(&self) -> ClientConfig {
        let ourselves = Implementation::new("sealbook", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), ourselves)
    }
}
