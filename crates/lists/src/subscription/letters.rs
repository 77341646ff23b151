//! The mails that go with joining and leaving.

use posthaste_mime::{Field, format_mailbox};
use posthaste_model::{DeliveryMode, MailingList, Member, MembershipRequest, RequestAction, SubAddress};
use posthaste_spool::NewEntry;
use posthaste_store::StoreError;

use super::target::fold_target;
use super::{Asking, Desk};
use crate::notices::MembershipLetter;
use crate::site::Site;

impl Desk {
    /// To the address: is that so?
    pub(super) async fn confirmation(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        token: &str,
    ) -> Result<Option<NewEntry>, StoreError> {
        let (tools, list, site) = (&self.tools, asking.list, self.tools.site.get());
        let name = match request.action {
            RequestAction::Join if request.details.invitation => "list:user:action:invite",
            RequestAction::Join => "list:user:action:subscribe",
            RequestAction::Leave => "list:user:action:unsubscribe",
            RequestAction::Set => "list:user:action:set",
        };
        let from = format!("{}-confirm+{token}@{}", list.name.local(), list.name.host());
        let pages = site.membership.pages.as_deref();
        let confirm_url = pages.map(|base| format!("{base}/confirm/{token}")).unwrap_or_default();
        let block_url = block_url(&site, list, request);
        let changes = crate::commands::show_changes(&request.details.preferences);
        let vars = [
            ("user_email", request.address.as_str()),
            ("token", token),
            ("confirm_email", from.as_str()),
            ("confirm_url", confirm_url.as_str()),
            ("block_url", block_url.as_str()),
            ("changes", changes.as_str()),
        ];
        let wording = tools.templates.notice(&tools.store, name, list, "", &vars).await?;
        let mut extra = vec![];
        if !block_url.is_empty() {
            extra.push(Field::structured("List-Unsubscribe", &format!("<{block_url}>")));
            if block_url.starts_with("https://") {
                extra.push(Field::structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
            }
        }
        let to = [request.address.to_string()];
        let letter = MembershipLetter {
            deed: asking.deed,
            purpose: "confirmation",
            list,
            from,
            to: request.address.to_string(),
            recipients: &to,
            wording,
            answer: false,
            extra,
        };
        Ok(letter.into_entry(&site, tools.clock.now()))
    }

    /// To owners and moderators: somebody asks.
    pub(super) async fn for_moderators(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        token: &str,
    ) -> Result<Option<NewEntry>, StoreError> {
        if !asking.list.settings.admin_immed_notify {
            return Ok(None);
        }
        let name = match request.action {
            RequestAction::Leave => "list:admin:action:unsubscribe",
            RequestAction::Join | RequestAction::Set => "list:admin:action:subscribe",
        };
        let (list, site) = (asking.list, self.tools.site.get());
        let pages = site.membership.pages.as_deref();
        let actions = pages.map(|base| format!("    {base}/decide/{token}")).unwrap_or_default();
        let member = format_plain(&request.display_name, request.address.as_str());
        let vars = [("member", member.as_str()), ("actions", actions.as_str()), ("token", token)];
        let answers = format!("{}-confirm+{token}@{}", list.name.local(), list.name.host());
        let extra = vec![Field::structured("Reply-To", &answers)];
        self.to_admins(asking, name, "for-moderators", &vars, extra).await
    }

    /// What goes out when somebody has joined.
    pub(super) async fn joined(
        &self,
        asking: &Asking<'_>,
        member: &Member,
        greet: Option<bool>,
    ) -> Result<Vec<NewEntry>, StoreError> {
        let settings = &asking.list.settings;
        let mut born = vec![];
        if settings.admin_notify_mchanges {
            let named = format_plain(&member.display_name, member.address.as_str());
            let vars = [("member", named.as_str())];
            born.extend(
                self.to_admins(asking, "list:admin:notice:subscribe", "joined", &vars, vec![]).await?,
            );
        }
        if greet.unwrap_or(settings.send_welcome_message) {
            born.extend(self.greeting(asking, member, true).await?);
        }
        Ok(born)
    }

    /// What goes out when somebody has left.
    pub(super) async fn left(
        &self,
        asking: &Asking<'_>,
        member: &Member,
        greet: Option<bool>,
    ) -> Result<Vec<NewEntry>, StoreError> {
        let settings = &asking.list.settings;
        let mut born = vec![];
        if settings.admin_notify_mchanges {
            let named = format_plain(&member.display_name, member.address.as_str());
            let vars = [("member", named.as_str())];
            born.extend(
                self.to_admins(asking, "list:admin:notice:unsubscribe", "left", &vars, vec![]).await?,
            );
        }
        if greet.unwrap_or(settings.send_goodbye_message) {
            born.extend(self.greeting(asking, member, false).await?);
        }
        Ok(born)
    }

    /// Welcome, or goodbye; no mail if its text is empty.
    async fn greeting(
        &self,
        asking: &Asking<'_>,
        member: &Member,
        welcome: bool,
    ) -> Result<Option<NewEntry>, StoreError> {
        let (tools, list, site) = (&self.tools, asking.list, self.tools.site.get());
        let language = member.preferences.preferred_language.as_deref().unwrap_or_default();
        let vars = [("user_name", member.display_name.as_str()), ("user_email", member.address.as_str())];
        let name = if welcome { "list:user:notice:welcome" } else { "list:user:notice:goodbye" };
        let mut wording = tools.templates.notice(&tools.store, name, list, language, &vars).await?;
        if wording.text.trim().is_empty() {
            return Ok(None);
        }
        if welcome && member.preferences.delivery_mode.unwrap_or_default() != DeliveryMode::Regular {
            let suffix = tools.templates.phrase("membership.digest_mode", language, &[]);
            wording.subject = format!("{} {suffix}", wording.subject);
        }
        let from = list.name.address(if welcome { SubAddress::Request } else { SubAddress::Owner });
        let to = [member.address.to_string()];
        let letter = MembershipLetter {
            deed: asking.deed,
            purpose: if welcome { "welcome" } else { "goodbye" },
            list,
            from,
            to: format_mailbox(&member.display_name, member.address.as_str()),
            recipients: &to,
            wording,
            answer: false,
            extra: vec![Field::structured("X-No-Archive", "yes")],
        };
        Ok(letter.into_entry(&site, tools.clock.now()))
    }

    /// To who asked: a moderator has said no.
    pub(super) async fn refusal(
        &self,
        asking: &Asking<'_>,
        request: &MembershipRequest,
        reason: Option<&str>,
    ) -> Result<Option<NewEntry>, StoreError> {
        let (tools, list, site) = (&self.tools, asking.list, self.tools.site.get());
        let member = tools.store.member(list.id, &request.address, posthaste_model::Role::Member).await?;
        let language = member.and_then(|m| m.preferences.preferred_language).unwrap_or_default();
        let asked = match request.action {
            RequestAction::Leave => tools.templates.phrase("membership.request_leave", &language, &[]),
            _ => tools.templates.phrase("membership.request_join", &language, &[]),
        };
        let reason = reason.map(|text| text.lines().collect::<Vec<_>>().join("\n    ")).unwrap_or_default();
        let vars = [
            ("request", asked.as_str()),
            ("reason", reason.as_str()),
            ("user_email", request.address.as_str()),
        ];
        let wording =
            tools.templates.notice(&tools.store, "list:user:notice:refuse", list, &language, &vars).await?;
        let to = [request.address.to_string()];
        let letter = MembershipLetter {
            deed: asking.deed,
            purpose: "refusal",
            list,
            from: list.name.address(SubAddress::Owner),
            to: request.address.to_string(),
            recipients: &to,
            wording,
            answer: false,
            extra: vec![],
        };
        Ok(letter.into_entry(&site, tools.clock.now()))
    }

    async fn to_admins(
        &self,
        asking: &Asking<'_>,
        name: &'static str,
        purpose: &str,
        vars: &[(&str, &str)],
        extra: Vec<Field>,
    ) -> Result<Option<NewEntry>, StoreError> {
        let (tools, list, site) = (&self.tools, asking.list, self.tools.site.get());
        let wording = tools.templates.notice(&tools.store, name, list, "", vars).await?;
        let mut admins: Vec<String> =
            tools.store.admins(list.id).await?.into_iter().map(String::from).collect();
        if admins.is_empty() {
            admins.push(site.owner.clone());
        }
        let owner = list.name.address(SubAddress::Owner);
        let letter = MembershipLetter {
            deed: asking.deed,
            purpose,
            list,
            from: owner.clone(),
            to: owner,
            recipients: &admins,
            wording,
            answer: false,
            extra,
        };
        Ok(letter.into_entry(&site, tools.clock.now()))
    }
}

/// Where this address asks for no more of this: a page or, if none are served, a mail.
fn block_url(site: &Site, list: &MailingList, request: &MembershipRequest) -> String {
    let Some(secret) = &site.membership.secret else { return String::new() };
    let token = secret.never(&fold_target(&request.address));
    match &site.membership.pages {
        Some(base) => format!("{base}/never/{token}"),
        None => format!("mailto:{}?subject=never%20{token}", list.name.address(SubAddress::Request)),
    }
}

/// Name and address for people to read.
fn format_plain(name: &str, address: &str) -> String {
    if name.trim().is_empty() { address.to_owned() } else { format!("{} <{address}>", name.trim()) }
}
