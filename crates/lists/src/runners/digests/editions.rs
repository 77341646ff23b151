//! Which mails a digest is made into: one for each form and language that somebody reads.

use posthaste_model::MailingList;
use posthaste_store::DigestReader;

use crate::digest::Form;

/// Those who get the same mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Edition<'r> {
    pub(super) form: Form,
    pub(super) language: String,
    /// Each reader has a copy of their own, with a sender and an address to leave by of their own.
    pub(super) personal: bool,
    pub(super) readers: Vec<&'r DigestReader>,
}

impl Edition<'_> {
    /// What it is for; its id and its Message-ID are made from that.
    pub(super) fn purpose(&self, list: &MailingList) -> String {
        let mut purpose = format!("digest {}", self.form.name());
        if self.language != list.settings.preferred_language {
            purpose.push_str(&format!(" in {}", self.language));
        }
        if self.personal {
            purpose.push_str(" for each");
        }
        purpose
    }
}

/// Sorts readers into editions, those of the list's own language first. `known` are the languages there are texts in;
/// who reads another gets the list's. `personal`: whoever is a member gets a copy of their own.
pub(super) fn editions<'r>(
    readers: &'r [DigestReader],
    list: &MailingList,
    known: &[&str],
    personal: bool,
) -> Vec<Edition<'r>> {
    let own = list.settings.preferred_language.as_str();
    let mut editions: Vec<Edition<'r>> = vec![];
    for reader in readers {
        let Some(form) = Form::of(reader.mode) else { continue };
        let wished = reader.language.as_deref().filter(|wished| known.contains(wished));
        let language = wished.unwrap_or(own);
        // Who gets a last one has no membership that could be left.
        let personal = personal && !reader.member.is_nil();
        let same = |e: &&mut Edition<'_>| e.form == form && e.language == language && e.personal == personal;
        if let Some(edition) = editions.iter_mut().find(same) {
            edition.readers.push(reader);
        } else {
            let language = language.to_owned();
            editions.push(Edition { form, language, personal, readers: vec![reader] });
        }
    }
    editions.sort_by_key(|e| (e.form as u8, e.language != own, e.language.clone(), !e.personal));
    editions
}

#[cfg(test)]
mod tests {
    use posthaste_model::{Address, DeliveryMode, ListName, ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn reader(number: u128, mode: DeliveryMode, language: Option<&str>) -> DigestReader {
        DigestReader {
            member: Uuid::from_u128(number),
            address: Address::parse(&format!("m{number}@x.org")).unwrap(),
            name: String::new(),
            language: language.map(ToOwned::to_owned),
            mode,
        }
    }

    #[test]
    fn one_mail_for_each_form_and_language() {
        use DeliveryMode::{MimeDigests, PlaintextDigests, Regular};
        let name = ListName::parse("dev@example.org").unwrap();
        let mut list =
            ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() }.into_list(Uuid::nil());
        list.settings.preferred_language = "de".into();
        let readers = [
            reader(1, MimeDigests, Some("fr")),
            reader(2, MimeDigests, None),
            reader(3, MimeDigests, Some("de")),
            reader(4, PlaintextDigests, Some("tlh")),
            reader(5, Regular, None),
            reader(0, MimeDigests, None),
        ];
        let told = |personal| -> Vec<(String, Vec<u128>)> {
            editions(&readers, &list, &["en", "de", "fr"], personal)
                .iter()
                .map(|e| (e.purpose(&list), e.readers.iter().map(|r| r.member.as_u128()).collect()))
                .collect()
        };
        let row = |purpose: &str, readers: &[u128]| (purpose.to_owned(), readers.to_vec());
        assert_eq!(
            told(false),
            [row("digest plain", &[4]), row("digest mime", &[2, 3, 0]), row("digest mime in fr", &[1])]
        );
        assert_eq!(
            told(true),
            [
                row("digest plain for each", &[4]),
                row("digest mime for each", &[2, 3]),
                row("digest mime", &[0]),
                row("digest mime in fr for each", &[1]),
            ]
        );
    }
}
