//! Judges failures an hour after they were told: by then it shows whether a post or a whole provider is to blame.

use std::collections::HashMap;
use std::time::Duration;

use posthaste_model::{Address, DeliveryStatus, EntryId, Mailbox, MailingList, Member, Role, Timestamp};
use posthaste_store::{BounceEnd, BounceEvent, BounceVerdict, Standing};
use uuid::Uuid;

use super::super::station::{Tools, Trouble};
use super::complaint::shown;
use super::{removal, words};
use crate::bounces::{Blame, Delivery, Domain, Evidence, Probes, Tell, Weighed, weigh};
use crate::notices::{BounceAbout, to_member, to_owners, to_probe};

/// A failure waits so long for its like.
pub(in crate::runners) const SETTLE: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);
/// Judged between two looks at the database.
const PAGE: u64 = 200;

/// What several failures of one pass share.
#[derive(Default)]
struct Known {
    lists: HashMap<Uuid, Option<MailingList>>,
    domains: HashMap<(String, i64), Domain>,
}

/// Judges all that is due.
pub(in crate::runners) async fn settle(tools: &Tools) -> Result<(), Trouble> {
    let mut known = Known::default();
    loop {
        let now = tools.clock.now();
        let due = tools.store.bounces_due(now.minus(SETTLE), PAGE).await?;
        if due.is_empty() {
            return Ok(());
        }
        for event in due {
            judge(tools, &mut known, &event, now).await?;
        }
    }
}

async fn judge(tools: &Tools, known: &mut Known, event: &BounceEvent, now: Timestamp) -> Result<(), Trouble> {
    if let std::collections::hash_map::Entry::Vacant(place) = known.lists.entry(event.list) {
        place.insert(tools.store.list_by_key(event.list).await?);
    }
    let Some(list) = known.lists.get(&event.list).cloned().flatten() else { return Ok(()) };
    let member = match Address::parse(&event.address) {
        Ok(address) => tools.store.member(list.id, &address, Role::Member).await?,
        Err(_) => None,
    };
    let standing = match &member {
        Some(member) => tools.store.standing(member.id).await?,
        None => Standing::default(),
    };
    let (refused, told_of_post) = if event.post.is_empty() || event.blame != Blame::Post.name() {
        (0, false)
    } else {
        tools.store.bounces_of_post(list.id, &event.post, &event.blame).await?
    };
    let evidence = Evidence {
        at: event.at,
        proven: event.proven,
        probe: event.probe,
        blame: Blame::named(&event.blame),
        reason: reason(event),
        refused,
        domain: domain(tools, known, event).await?,
    };
    let site = tools.site.get();
    let probes = Probes { possible: site.bounces.seal.is_some(), always: site.bounces.always_probe };
    let delivery = match member.as_ref().map(|m| m.preferences.delivery_status) {
        None => Delivery::Gone,
        Some(Some(DeliveryStatus::ByBounces)) => Delivery::OffForBounces,
        Some(_) => Delivery::On,
    };
    let mut weighed = weigh(&standing, delivery, &evidence, &list.settings, probes);
    if weighed.verdict == BounceVerdict::Outage {
        tracing::warn!(list = %list.list_id, "many members at one provider fail at once: not counted against them");
    }
    let token = site.bounces.seal.as_ref().map(|seal| seal.tag(&[b"probe", event.id.as_bytes()]));
    let probe = token.as_deref().filter(|_| weighed.tell == Tell::Probe);
    if let (Some(standing), true) = (&mut weighed.standing, probe.is_some()) {
        standing.probed_at = Some(now);
    }
    let case = Case { tools, event, list: &list, weighed: &weighed, reason: &evidence.reason, now };
    if let Some(member) = &member {
        case.tell(member, probe).await?;
    }
    if weighed.verdict == BounceVerdict::Post && !told_of_post {
        case.tell_of_post(refused).await?;
    }
    let standing = member.as_ref().map(|m| m.id).zip(weighed.standing.as_ref());
    let disable = weighed.tell == Tell::Disable;
    let end = BounceEnd { event: event.id, verdict: weighed.verdict, standing, disable, probe };
    tools.store.end_bounce(end).await?;
    if let Some(member) = member.as_ref().filter(|_| disable) {
        removal::witness(tools, "disable", &list, member, &evidence.reason).await?;
    }
    Ok(())
}

/// How the member's domain did on that day.
async fn domain(tools: &Tools, known: &mut Known, event: &BounceEvent) -> Result<Domain, Trouble> {
    let name = event.address.rsplit_once('@').map(|(_, d)| d.to_owned()).unwrap_or_default();
    let key = (name, event.at.as_secs() / 600);
    if let Some(domain) = known.domains.get(&key) {
        return Ok(*domain);
    }
    let store = &tools.store;
    let failing = store.failing_at(&key.0, event.at.minus(DAY), event.at.plus(DAY)).await?;
    // Counting members looks at all of them: only where it may matter.
    let domain = if failing < 2 {
        Domain { failing, ..Domain::default() }
    } else {
        Domain {
            failing,
            addresses: store.members_at(&key.0).await?,
            outage_days: store.outage_days(&key.0, event.at.minus(MONTH), event.at).await?,
        }
    };
    known.domains.insert(key, domain);
    Ok(domain)
}

/// `5.1.1 no such user`; the status once.
fn reason(event: &BounceEvent) -> String {
    let said = event.diagnostic.as_str();
    if event.status.is_empty() || said.contains(&event.status) {
        said.to_owned()
    } else {
        format!("{} {said}", event.status).trim_end().to_owned()
    }
}

/// A judged failure, and who is told of it. Told before it is written down: a crash between the two tells it twice, not
/// never, and under the same id.
struct Case<'a> {
    tools: &'a Tools,
    event: &'a BounceEvent,
    list: &'a MailingList,
    weighed: &'a Weighed,
    reason: &'a str,
    now: Timestamp,
}

impl Case<'_> {
    fn about<'a>(&'a self, purpose: &'a str) -> BounceAbout<'a> {
        let parent = EntryId::new(self.event.id);
        BounceAbout { parent, purpose, list: self.list, report: self.event.report.clone(), at: self.now }
    }

    async fn tell(&self, member: &Member, probe: Option<&str>) -> Result<(), Trouble> {
        let settings = &self.list.settings;
        let (purpose, name) = match self.weighed.tell {
            Tell::Probe => return self.probe(member, probe).await,
            Tell::Increment => ("bounce-increment", "list:admin:notice:increment"),
            Tell::Disable if settings.bounce_notify_owner_on_disable => {
                ("bounce-disable", "list:admin:notice:disable")
            }
            Tell::Nobody | Tell::Disable => return Ok(()),
        };
        let mailbox = Mailbox { name: member.display_name.clone(), address: member.address.clone() };
        let score = self.weighed.standing.as_ref().map_or(0, |s| s.score).to_string();
        let vars = [("member", shown(&mailbox)), ("reason", self.reason.to_owned()), ("score", score)];
        let worded = words::notice(self.tools, name, self.list, None, &vars).await?;
        self.to_owners(purpose, worded).await
    }

    async fn to_owners(&self, purpose: &str, worded: crate::templates::Wording) -> Result<(), Trouble> {
        let owners: Vec<_> =
            self.tools.store.admins(self.list.id).await?.into_iter().map(String::from).collect();
        let notice = to_owners(&self.tools.site.get(), &self.about(purpose), &owners, worded);
        words::put(self.tools, notice).await
    }

    async fn probe(&self, member: &Member, token: Option<&str>) -> Result<(), Trouble> {
        let Some(token) = token else { return Ok(()) };
        let address = member.address.as_str();
        let vars = [
            ("reason", self.reason.to_owned()),
            ("sender_email", address.to_owned()),
            ("user_email", address.to_owned()),
        ];
        let language = member.preferences.preferred_language.as_deref();
        let worded = words::notice(self.tools, "list:user:notice:probe", self.list, language, &vars).await?;
        let notice = to_probe(&self.tools.site.get(), &self.about("bounce-probe"), address, token, worded);
        words::put(self.tools, notice).await
    }

    /// The owners hear once that a post was refused at many.
    async fn tell_of_post(&self, refused: u64) -> Result<(), Trouble> {
        let vars = [("count", refused.to_string()), ("reason", self.reason.to_owned())];
        let worded = words::notice(self.tools, "list:admin:notice:refused", self.list, None, &vars).await?;
        self.to_owners("post-refused", worded).await
    }
}

/// Used by the warnings, too.
pub(super) async fn to_the_member(
    tools: &Tools,
    about: &BounceAbout<'_>,
    member: &Member,
    worded: crate::templates::Wording,
) -> Result<(), Trouble> {
    let notice = to_member(&tools.site.get(), about, member.address.as_str(), worded);
    words::put(tools, notice).await
}
