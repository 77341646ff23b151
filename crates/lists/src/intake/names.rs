use std::collections::BTreeMap;

use posthaste_model::ListName;

/// All lists, and the domains that stand in for theirs: what a mail server in front has to know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// The lists, by domain and name.
    pub lists: Vec<ListName>,
    /// Host → the domain under which the mail server hands over its mail.
    pub aliases: BTreeMap<String, String>,
}

impl Names {
    /// The domain that stands in for `host`, if one does.
    pub fn alias(&self, host: &str) -> Option<&str> {
        self.aliases.get(host).map(String::as_str)
    }
}
