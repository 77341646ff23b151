use super::{Draft, Step, Stop};

/// Takes out what must not travel on: passwords, requests for receipts, claims only we may make.
pub(super) struct Cleanse;

const NEVER: [&str; 11] = [
    "Approved",
    "Approve",
    "X-Approved",
    "X-Approve",
    "Urgent",
    "Return-Receipt-To",
    "Disposition-Notification-To",
    "X-Confirm-Reading-To",
    "X-PMRQC",
    "Archived-At",
    "X-Mailman-Copy",
];

impl Step for Cleanse {
    const NAME: &'static str = "cleanse";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        draft.message.head.retain(|field| !NEVER.iter().any(|name| field.is(name)));
        Ok(())
    }
}
