//! Mail for the people who run a list.

use posthaste_mime::{Field, Message};
use posthaste_model::{Beat, MailingList, SubAddress};
use posthaste_spool::{Entry, Kind};

use super::{Incoming, Outcome, Trouble};
use crate::delivery::{Plan, Recipient, RecipientsBuilder, encode_plan};
use crate::pipeline::{Segment, remove_signatures};
use crate::post::Post;
use crate::rules::judge_owner_mail;

impl Incoming {
    /// Plans a copy for each owner and moderator, or for the site's owner if the list has none.
    pub(super) async fn to_owners(
        &self,
        entry: &Entry,
        list: &MailingList,
        beat: &Beat,
    ) -> Result<Outcome, Trouble> {
        let own_id = list.list_id.as_str();
        let site = self.station.tools.site.get();
        let (envelope, raw) = (entry.envelope.clone(), entry.message.clone());
        let mark = self.station.failures.mark(entry.id);
        let post = Post::receive(entry.id, envelope, raw.clone(), SubAddress::Owner, &list.name);
        let mut message = Message::parse(raw);
        drop(mark);
        let facts = self.facts(&post, list, &site, beat).await?;
        if let Some(reason) = judge_owner_mail(&post, list, &facts) {
            let why = serde_json::json!({ "reasons": [reason.text] });
            return Ok(Outcome::ended(Kind::Discarded, why, vec![]));
        }
        let mut owners = self.station.admins(list).await?;
        if owners.is_empty() {
            owners.push(site.owner.clone());
        }
        let owner_address = list.name.address(SubAddress::Owner);
        if site.auth.remove_dkim_headers {
            remove_signatures(&mut message.head, false);
        }
        message.head.append(Field::structured("X-BeenThere", &owner_address));
        tracing::debug!(list = own_id, owners = owners.len(), "mail for the owners");
        let mut recipients = RecipientsBuilder::default();
        for address in &owners {
            recipients.push(Recipient { address, member: uuid::Uuid::nil(), language: "", name: "" });
        }
        let plan = Plan {
            // What nobody wants to hear of coming in, nobody hears of going out (RFC 5321 §4.5.5).
            sender: if entry.envelope.reverse_path.is_null() {
                String::new()
            } else {
                list.name.address(SubAddress::Bounces)
            },
            personal: false,
            message_id: message.head.text("Message-ID").unwrap_or_default().trim().to_owned(),
            owners: vec![site.owner.clone()],
            owner_address,
            display_name: list.settings.display_name.clone(),
            provenance: None,
            subject: message.head.text("Subject").unwrap_or_default(),
        };
        let data = encode_plan(plan, &[Segment::Shared(message.to_bytes())], &recipients)
            .map_err(|e| Trouble::Entry(e.to_string()))?;
        Ok(Outcome::planned(data))
    }
}
