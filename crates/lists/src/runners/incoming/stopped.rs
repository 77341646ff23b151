//! A post that the rules let through and a step of the pipeline does not.

use posthaste_model::MailingList;

use super::post::discarded;
use super::{Incoming, Outcome, Trouble};
use crate::facts::Facts;
use crate::notices::filtered;
use crate::pipeline::Stop;
use crate::post::Post;
use crate::rules::Judgement;
use crate::site::Site;

impl Incoming {
    /// What becomes of it.
    pub(super) async fn stopped(
        &self,
        site: &Site,
        post: &Post,
        list: &MailingList,
        facts: &Facts,
        judged: &Judgement,
        stop: Stop,
    ) -> Result<Outcome, Trouble> {
        match stop {
            Stop::Discard(reason) => self.drop_post(site, post, list, facts, &[reason]).await,
            Stop::Reject(reason) => self.send_back(site, post, list, facts, &[reason]).await,
            Stop::Hold(reason) => self.hold(site, post, list, facts, judged, &[reason]).await,
            Stop::Forward(reason) => {
                let owners = self.station.admins(list).await?;
                let notice = filtered(site, post, list, &owners, &reason, facts.now);
                let mut outcome = discarded(&[reason]);
                outcome.born.extend(notice);
                Ok(outcome)
            }
            Stop::Preserve(reason) => Err(Trouble::Entry(reason.text)),
        }
    }
}
