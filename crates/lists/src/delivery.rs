//! Mail out: what is planned for whom, who already has it, and when to try the others again.
//!
//! Nothing here knows a database: everything delivery needs stands in the entry's `planned` record.

mod backoff;
mod lane;
mod plan;
mod progress;
mod verp;

pub use backoff::{Backoff, GIVE_UP_AFTER};
pub use lane::{Destinations, Lane, domain_of};
pub use plan::{
    Plan, PlanError, Planned, Recipient, Recipients, RecipientsBuilder, decode as decode_plan,
    encode as encode_plan, encode_with as encode_plan_with, planned_recipients, waiting_by_domain,
    waiting_recipients,
};
pub use progress::{Chunk, Fate, Met, Next, Outcome, Progress, fold as fold_outcomes};
pub use verp::{signed_verp, verp};
