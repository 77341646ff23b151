use posthaste_mime::{Field, encode_phrase};
use posthaste_model::{MailingList, SubAddress};

use super::draft::one_line;
use super::{ArchiveLinks, Draft, Step, Stop};

/// Says which list this is and how to use it (RFC 2919, RFC 2369, RFC 5064, RFC 8058). What another list or an author wrote
/// under these names goes.
pub(super) struct ListHeaders;

const OURS: [&str; 9] = [
    "Archived-At",
    "List-Archive",
    "List-Help",
    "List-Id",
    "List-Owner",
    "List-Post",
    "List-Subscribe",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

impl Step for ListHeaders {
    const NAME: &'static str = "list-headers";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        if !draft.list.settings.include_rfc2369_headers {
            return Ok(());
        }
        let list = draft.list;
        let fields = list_fields(list, draft.archive.as_ref());
        let head = &mut draft.message.head;
        head.retain(|field| !OURS.iter().any(|name| field.is(name)));
        for (name, value) in &fields {
            head.append(Field::structured(name, value));
        }
        if draft.personal && draft.facts.site.one_click {
            draft.slots.push(one_click_slot(list));
        }
        Ok(())
    }
}

/// What takes the place of List-Unsubscribe in a copy for one reader (RFC 8058 §3.1): one https address, which knows the
/// recipient, and the mark that a POST to it suffices.
pub(crate) fn one_click_slot(list: &MailingList) -> (&'static str, String) {
    let leave = mailto(list, SubAddress::Leave);
    let template = format!(
        "List-Unsubscribe: <${{unsubscribe_url}}>,\r\n {leave}\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    );
    ("List-Unsubscribe", template)
}

/// The fields that name a list and its addresses, sorted; none if the list wants none.
pub(crate) fn list_fields(list: &MailingList, archive: Option<&ArchiveLinks>) -> Vec<(&'static str, String)> {
    if !list.settings.include_rfc2369_headers {
        return vec![];
    }
    let description = encode_phrase(&one_line(&list.settings.description));
    let blank = if description.is_empty() { "" } else { " " };
    let posting =
        if list.settings.allow_list_posts { mailto(list, SubAddress::Post) } else { "NO".to_owned() };
    let mut fields = vec![
        ("List-Help", format!("<mailto:{}?subject=help>", list.name.address(SubAddress::Request))),
        ("List-Id", format!("{description}{blank}<{}>", list.list_id)),
        ("List-Owner", mailto(list, SubAddress::Owner)),
        ("List-Post", posting),
        ("List-Subscribe", mailto(list, SubAddress::Join)),
        ("List-Unsubscribe", mailto(list, SubAddress::Leave)),
    ];
    if let Some(archive) = archive {
        fields.push(("List-Archive", format!("<{}>", archive.list)));
        fields.extend(archive.post.as_ref().map(|url| ("Archived-At", format!("<{url}>"))));
    }
    fields.sort();
    fields
}

fn mailto(list: &MailingList, sub: SubAddress) -> String {
    format!("<mailto:{}>", list.name.address(sub))
}
