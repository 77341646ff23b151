//! What follows when mail cannot be delivered: a bounce event for each recipient that failed for good, and a line to
//! the list's owners when recipients were given up.

use std::collections::BTreeMap;
use std::sync::Arc;

use posthaste_model::{Envelope, ForwardPath, ReversePath, Stage};
use posthaste_spool::{Kind, NewEntry, SpoolError};

use super::Outgoing;
use super::dispatch::Dispatch;
use crate::delivery::{Fate, Outcome, fold_outcomes};
use crate::notes;
use crate::notices::{self, FailedRecipient};

impl Outgoing {
    /// Puts one bounce entry for those of `outcomes` that are the recipients' own failures. Before the failure is
    /// recorded, and under an id derived from the parent, so that a crash between the two neither loses nor doubles it.
    pub(super) async fn report_failures(
        &self,
        dispatch: &Dispatch,
        outcomes: &[Outcome],
    ) -> Result<(), SpoolError> {
        let failed: Vec<_> =
            outcomes.iter().filter(|o| matches!(o.fate, Fate::Failed | Fate::Expired)).collect();
        let Some(first) = failed.iter().flat_map(|o| o.indices()).min() else { return Ok(()) };
        let recipient = |index, reply: &str| {
            dispatch.planned.recipients.get(index).map(|r| FailedRecipient {
                address: r.address.to_owned(),
                member: r.member,
                reply: reply.to_owned(),
            })
        };
        let recipients: Vec<_> =
            failed.iter().flat_map(|o| o.indices().filter_map(|i| recipient(i, &o.reply))).collect();
        // A notice of ours that fails is nobody's bounce (RFC 5321 §6.1).
        if dispatch.plan().sender.is_empty() || dispatch.canary().is_some() {
            return Ok(());
        }
        let Ok(forward_path) = ForwardPath::parse(&dispatch.plan().sender) else { return Ok(()) };
        let now = self.clock.now();
        let id = dispatch.id().child(&format!("bounce {first}"));
        let report = notices::undelivered_report(&self.site.get(), id, dispatch.plan(), &recipients, now);
        let notes = BTreeMap::from([
            (notes::PURPOSE.to_owned(), "bounce".to_owned()),
            (notes::PARENT.to_owned(), dispatch.id().to_string()),
            (notes::FAILED.to_owned(), serde_json::to_string(&recipients).unwrap_or_default()),
            (notes::POST.to_owned(), dispatch.plan().message_id.clone()),
        ]);
        let entry = NewEntry {
            id,
            stage: Stage::Bounce,
            list: dispatch.list().clone(),
            envelope: Envelope {
                reverse_path: ReversePath::Null,
                forward_path,
                client: "relay".into(),
                received: now,
            },
            notes,
            message: report,
            events: vec![],
        };
        let counted = self.events.born(&entry.list);
        self.spool.put_with(entry, counted).await.map(|_| ())
    }

    /// Gives up whoever still waits: bounce events for recipients that kept saying "not now", a notice to the owners,
    /// and the entry is done. Never silent (P15).
    pub(super) async fn expire(&self, dispatch: &Arc<Dispatch>) -> Result<(), SpoolError> {
        let now = self.clock.now();
        let given_up: Vec<_> = dispatch
            .waiting()
            .into_iter()
            .map(|i| match dispatch.last(i) {
                Some((Fate::Refused, reply)) => (i, Fate::Abandoned, reply.into()),
                Some((_, reply)) => (i, Fate::Expired, reply.into()),
                None => (i, Fate::Abandoned, "never answered".into()),
            })
            .collect();
        let outcomes = fold_outcomes(&given_up);
        self.report_failures(dispatch, &outcomes).await?;
        let address = |i| dispatch.planned.recipients.address(i).map(str::to_owned);
        let told: Vec<_> =
            given_up.iter().filter_map(|(i, _, reply)| Some((address(*i)?, reply.to_string()))).collect();
        let (site, plan) = (self.site.get(), dispatch.plan());
        if let Some(notice) = notices::given_up(&site, dispatch.id(), dispatch.list(), plan, &told, now) {
            let counted = self.events.born(&notice.list);
            self.spool.put_with(notice, counted).await?;
        }
        tracing::warn!(list = %dispatch.list(), recipients = told.len(), "recipients given up after 5 days; the list's owners are told");
        let next = dispatch.answer(&given_up);
        self.tally(dispatch, &given_up, next);
        let data = serde_json::to_vec(&outcomes).unwrap_or_default().into();
        dispatch.log_sent(now, outcomes);
        self.finish(dispatch, Kind::Sent, data).await
    }
}
