//! The ways out: mail past our own queue, webhooks, the heartbeat. Each send has a deadline and stands alone.

mod http;
mod mail;
mod template;

use std::time::Duration;

pub use http::{Request, send as send_http};
pub use mail::{Mail, send as send_mail};
pub use template::{Template, Webhook, request};

/// The longest one try may take, whichever way.
pub const DEADLINE: Duration = Duration::from_secs(20);
