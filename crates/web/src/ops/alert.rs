use posthaste_model::Timestamp;

use super::When;
use crate::seen::OpenAlert;
use crate::words;

/// An alert on a page.
pub(crate) struct AlertCard {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `critical`, `degraded`, `unknown`: a class of the style sheet too.
    pub(crate) grade: &'static str,
    pub(crate) state: String,
    pub(crate) text: String,
    pub(crate) since: When,
    pub(crate) lasts: String,
    pub(crate) cause: Option<String>,
    pub(crate) look: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) acked: Option<InHand>,
    /// Token of its form; empty on pages without one.
    pub(crate) form: String,
}

/// Who has it in hand.
pub(crate) struct InHand {
    pub(crate) by: String,
    pub(crate) until: When,
    pub(crate) note: String,
}

impl AlertCard {
    pub(crate) fn new(alert: &OpenAlert, now: Timestamp, form: String) -> Self {
        let alert = alert.clone();
        Self {
            grade: alert.grade.name(),
            since: When::new(alert.since, now),
            lasts: words::duration(now.since(alert.since).as_secs()),
            acked: alert.acked.map(|acked| InHand {
                until: When::new(acked.until, now),
                by: acked.by,
                note: acked.note,
            }),
            id: alert.id,
            name: alert.name,
            state: alert.state,
            text: alert.text,
            cause: alert.cause,
            look: alert.look,
            owner: alert.owner,
            form,
        }
    }
}
