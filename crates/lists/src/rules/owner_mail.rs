use posthaste_mime::Field;
use posthaste_model::{Action, MailingList, SubAddress};

use super::header_match;
use crate::{facts::Facts, post::Post, reason::Reason};

/// A message that came round so often goes nowhere (P38).
const MOST_HOPS: usize = 50;

/// Why mail for the owners of a list goes nowhere; `None` if they get it. It is never held or sent back: whoever writes to
/// owners has reason to, and what is sent by nobody is answered by nobody.
pub fn judge_owner_mail(post: &Post, list: &MailingList, facts: &Facts) -> Option<Reason> {
    let head = &post.message.head;
    let own = list.name.address(SubAddress::Owner);
    let been_here = head.all("X-BeenThere").any(|f| f.text().trim().eq_ignore_ascii_case(&own));
    if been_here || head.all("Received").count() > MOST_HOPS {
        return Some(Reason::new("loop", "The message has been here before: a mail loop"));
    }
    if let Some((address, ban)) = facts.banned.iter().find(|(a, _)| post.senders().contains(a)) {
        return Some(Reason::new("banned-address", format!("{address} is banned (by {ban}).")));
    }
    let unwanted =
        facts.header_checks.iter().filter(|c| matches!(c.action, Action::Reject | Action::Discard));
    for check in unwanted {
        if header_match::value(post, &check.header, &check.pattern).is_some() {
            let text = format!("The header field {} matches a rule of the {}", check.header, check.of);
            return Some(Reason::new("header-match", text).called(check.name.clone()));
        }
    }
    // An owner who is away answers this address, gets that answer as an owner, and answers again.
    (facts.author_runs_list(post) && is_automatic(post))
        .then(|| Reason::new("loop", "An automatic answer of one of the owners would come back to them"))
}

/// True if a program wrote it: by RFC 3834, or by what programs wrote before.
fn is_automatic(post: &Post) -> bool {
    let head = &post.message.head;
    let value = |name| head.get(name).map(Field::unfolded).unwrap_or_default().trim().to_lowercase();
    let submitted = value("Auto-Submitted");
    (!submitted.is_empty() && submitted != "no")
        || ["bulk", "junk", "auto_reply"].contains(&value("Precedence").as_str())
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"].iter().any(|name| head.has(name))
            && head.has("In-Reply-To")
}
