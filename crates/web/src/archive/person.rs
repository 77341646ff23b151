use posthaste_archive::hide_addresses;
use posthaste_lists::archive::Opened;

/// What a reader sees of names and addresses.
#[derive(Clone)]
pub(super) struct Eyes {
    known: bool,
    /// The list's own addresses are no secret.
    local: String,
    host: String,
}

impl Eyes {
    pub(super) fn of(opened: &Opened) -> Self {
        let name = &opened.list().name;
        Self { known: opened.is_known(), local: name.local().to_owned(), host: name.host().to_owned() }
    }

    /// Text, with addresses hidden from strangers.
    pub(super) fn see(&self, text: &str) -> String {
        if self.known {
            return text.to_owned();
        }
        hide_addresses(text, |address| {
            address.to_lowercase().rsplit_once('@').is_some_and(|(local, host)| {
                host == self.host
                    && local
                        .strip_prefix(&self.local)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        })
    }

    /// What an author is called.
    pub(super) fn author(&self, name: &str, address: &str) -> String {
        match (name.is_empty(), address.is_empty()) {
            (false, _) => self.see(name),
            (true, false) => self.see(address),
            (true, true) => "Somebody".to_owned(),
        }
    }
}
