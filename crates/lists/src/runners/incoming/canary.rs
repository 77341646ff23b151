//! The canary between `incoming` and `planned`: the same database, the same rules, the same pipeline as a post.

use posthaste_model::{Beat, SubAddress};
use posthaste_spool::{Entry, Kind};
use posthaste_store::StoreError;
use serde_json::json;

use super::{Incoming, Outcome, Trouble};
use crate::canary::{self, Keeper};
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan};
use crate::notes;
use crate::pipeline::{self, Draft};
use crate::post::Post;
use crate::rules::{Verdict, judge};

impl Incoming {
    /// Plans the copy that is to come back. One that nobody waits for any more ends here, unseen.
    pub(super) async fn to_ourselves(&self, entry: &Entry, beat: &Beat) -> Result<Outcome, Trouble> {
        let extension = entry.notes.get(notes::EXTENSION).map_or("", String::as_str);
        let keeper = self.canary.as_deref();
        let Some((keeper, road)) = keeper.and_then(|k| k.road(extension).map(|road| (k, road))) else {
            if let Some(keeper) = keeper {
                keeper.left(extension, Err("it waited too long to be planned".into()));
            }
            return Ok(ended("nobody waits for this canary any more"));
        };
        let now = self.station.tools.clock.now();
        let list = canary::list(keeper.name(), now);
        let (id, envelope, message) = (entry.id, entry.envelope.clone(), entry.message.clone());
        let post = Post::receive(id, envelope, message, SubAddress::Post, &list.name);
        let facts = self.facts(&post, &list, &self.station.tools.site.get(), beat).await?;
        // What counts a post must be able to write, or posts do not move either. No row is the canary's, none changes.
        match self.station.tools.store.next_post(list.id, now).await {
            Ok(_) | Err(StoreError::NoSuchList(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let judged = judge(&post, &list, &facts);
        if judged.verdict != Verdict::Accept {
            return Ok(failed(keeper, extension, format!("the rules say {}", judged.verdict.name())));
        }
        let outgoing = match pipeline::run(Draft::new(&post, &list, &facts)) {
            Ok(outgoing) => outgoing,
            Err(stop) => return Ok(failed(keeper, extension, format!("the pipeline says {stop:?}"))),
        };
        let mut recipients = RecipientsBuilder::default();
        recipients.push(Recipient {
            address: &road.recipient,
            member: uuid::Uuid::nil(),
            language: "",
            name: "",
        });
        let plan = Plan {
            provenance: None,
            sender: road.sender,
            personal: false,
            message_id: post.message_id(),
            owners: vec![],
            owner_address: String::new(),
            display_name: String::new(),
            subject: post.subject(),
        };
        let data =
            encode_plan(plan, &outgoing.segments, &recipients).map_err(|e| Trouble::Entry(e.to_string()))?;
        Ok(Outcome::planned(data))
    }
}

fn failed(keeper: &dyn Keeper, extension: &str, why: String) -> Outcome {
    let outcome = ended(&why);
    keeper.left(extension, Err(why));
    outcome
}

fn ended(why: &str) -> Outcome {
    Outcome::ended(Kind::Discarded, json!({ "reasons": [why] }), vec![])
}
