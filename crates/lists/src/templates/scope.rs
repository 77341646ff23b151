use posthaste_model::MailingList;

/// Where a text is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// For a list, then its domain, then the site.
    List(&'a MailingList),
    /// For a domain, then the site.
    Domain(&'a str),
    /// For the site.
    Site,
}

/// Which part of a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    /// All of it.
    Whole,
    /// The list alone.
    List,
    /// Domain and site.
    Above,
}

impl<'a> Scope<'a> {
    fn host(self) -> Option<&'a str> {
        match self {
            Self::List(list) => Some(list.name.host()),
            Self::Domain(host) => Some(host),
            Self::Site => None,
        }
    }

    /// The contexts in the database, nearest first.
    pub(super) fn contexts(self, level: Level) -> Vec<&'a str> {
        let mut contexts = vec![];
        if let (Self::List(list), Level::Whole | Level::List) = (self, level) {
            contexts.push(list.list_id.as_str());
        }
        if level != Level::List {
            contexts.extend(self.host());
            contexts.push("");
        }
        contexts
    }

    /// The folders of texts, nearest first; languages are folders in them.
    pub(super) fn folders(self, level: Level) -> Vec<String> {
        let mut folders = vec![];
        if let (Self::List(list), Level::Whole | Level::List) = (self, level) {
            folders.push(format!("lists/{}", list.list_id));
            folders.push(format!("lists/{}", list.name));
        }
        if level != Level::List {
            folders.extend(self.host().map(|host| format!("domains/{host}")));
            folders.push("site".to_owned());
        }
        folders
    }

    /// The language of the list.
    pub(super) fn language(self) -> &'a str {
        match self {
            Self::List(list) => &list.settings.preferred_language,
            Self::Domain(_) | Self::Site => "",
        }
    }
}
