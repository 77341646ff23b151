use std::fmt;
use std::sync::Arc;

use posthaste_model::{Action, ListId, ListName, MailingList, SubAddress};

use crate::templates::phrase;

/// Makes what stands in a moderator's notice: links to the page of a held post, and the address to answer to. Both are
/// signed, and name one post and one moderator.
#[derive(Clone)]
pub struct ModeratorLinks {
    page: Option<Arc<Make>>,
    tag: Arc<Make>,
}

/// From the list, the number of the held post and the moderator's address.
type Make = dyn Fn(&ListId, i64, &str) -> String + Send + Sync;

/// What stands before the number in the extension of an address to answer to.
const LETTER: char = 'm';

impl ModeratorLinks {
    /// Tags made by `tag`: letters and digits, at least 128 bits, the same for the same values.
    pub fn new(tag: impl Fn(&ListId, i64, &str) -> String + Send + Sync + 'static) -> Self {
        Self { page: None, tag: Arc::new(tag) }
    }

    /// And links made by `page`, if pages are served.
    #[must_use]
    pub fn with_page(self, page: impl Fn(&ListId, i64, &str) -> String + Send + Sync + 'static) -> Self {
        Self { page: Some(Arc::new(page)), ..self }
    }

    /// The page of a held post, for this moderator; `None` if no pages are served.
    pub fn page(&self, list: &ListId, number: i64, moderator: &str) -> Option<String> {
        self.page.as_ref().map(|page| page(list, number, moderator))
    }

    /// The links of a notice, an indented line each; empty if no pages are served.
    pub(crate) fn actions(&self, list: &ListId, number: i64, moderator: &str, languages: &[&str]) -> String {
        let Some(page) = self.page(list, number, moderator) else { return String::new() };
        let mut lines = vec![format!("    {}\n    {page}", phrase("moderation.look", languages, &[]))];
        for (key, action) in [
            ("moderation.accept", Action::Accept),
            ("moderation.reject", Action::Reject),
            ("moderation.discard", Action::Discard),
        ] {
            lines.push(format!("    {}\n    {page}?do={action}", phrase(key, languages, &[])));
        }
        lines.join("\n\n")
    }

    /// The address at which an answer of this moderator about this post arrives.
    pub(crate) fn answer_address(&self, list: &MailingList, number: i64, moderator: &str) -> String {
        let tag = (self.tag)(&list.list_id, number, moderator);
        with_extension(&list.name, &format!("{LETTER}{number}-{tag}"))
    }

    /// The number of the held post, and which of `moderators` it is, if the extension of the address that was written to is
    /// one we gave to one of them.
    pub(crate) fn read<'m>(
        &self,
        list: &ListId,
        extension: &str,
        moderators: &'m [String],
    ) -> Option<(i64, &'m str)> {
        let (number, tag) = split(extension)?;
        let tag = tag.to_ascii_lowercase();
        let whose = |moderator: &&String| same(&(self.tag)(list, number, moderator), &tag);
        moderators.iter().find(whose).map(|moderator| (number, moderator.as_str()))
    }
}

/// True if this extension has the form of those in addresses to answer to, whoever made it.
pub(crate) fn is_for_moderation(extension: &str) -> bool {
    split(extension).is_some()
}

fn split(extension: &str) -> Option<(i64, &str)> {
    let rest =
        extension.strip_prefix(LETTER).or_else(|| extension.strip_prefix(LETTER.to_ascii_uppercase()))?;
    let (digits, tag) = rest.split_once('-')?;
    let number = digits.parse().ok().filter(|number: &i64| *number > 0)?;
    (!tag.is_empty()).then_some((number, tag))
}

fn with_extension(list: &ListName, extension: &str) -> String {
    format!("{}-{}+{extension}@{}", list.local(), SubAddress::Confirm.name(), list.host())
}

/// Compares in a time that does not tell how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

impl fmt::Debug for ModeratorLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModeratorLinks").field("pages", &self.page.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn links() -> ModeratorLinks {
        ModeratorLinks::new(|list, number, who| format!("t{}{number}{}", list.as_str().len(), who.len()))
    }

    #[test]
    fn an_answer_tells_whose_it_is() {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        let list =
            ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil());
        let moderators = ["anne@example.com".to_owned(), "bo@example.com".to_owned()];
        let address = links().answer_address(&list, 12, "bo@example.com");
        assert_eq!(address, "dev-confirm+m12-t211214@lists.example.org");
        let read = |extension| links().read(&list.list_id, extension, &moderators);
        assert_eq!(read("m12-t211214"), Some((12, "bo@example.com")));
        assert_eq!(read("M12-T211214"), Some((12, "bo@example.com")), "some servers shout");
        for wrong in ["m13-t211214", "m12-t211215", "m12-", "m12", "12-t211214", "m-1-t", "", "mx-y"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(is_for_moderation("m12-anything") && !is_for_moderation("0123abcd"));
    }
}
