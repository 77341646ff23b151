//! Lists that are members of other lists: what a list above sends on is for us, though neither author nor To name us.

use posthaste_mime::Field;
use posthaste_model::{ListName, MailingList, SubAddress};

use crate::post::Post;

/// The list above that sent this post on to us: the owner has named it, it was sent in its name, and bears its mark.
pub(super) fn sent_by(post: &Post, list: &MailingList) -> Option<ListName> {
    let sender = post.envelope.reverse_path.as_str().to_lowercase();
    let marks: Vec<_> = post.message.head.all("X-BeenThere").map(Field::unfolded).collect();
    list.settings.umbrella_lists.iter().filter_map(|entry| ListName::parse(entry).ok()).find(|above| {
        let bounces = above.address(SubAddress::Bounces);
        let (local, host) = bounces.split_once('@').unwrap_or_default();
        let in_its_name = sender.rsplit_once('@').is_some_and(|(l, h)| {
            h == host && (l == local || l.strip_prefix(local).is_some_and(|x| x.starts_with('+')))
        });
        in_its_name && marks.iter().any(|m| m.trim().eq_ignore_ascii_case(&above.to_string()))
    })
}
