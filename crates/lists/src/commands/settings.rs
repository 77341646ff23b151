//! `set NAME VALUE`: how a member gets the list's mail.

use posthaste_model::{DeliveryMode, DeliveryStatus, ListSettings, Preferences};

use super::verb::{Problem, digest};

/// What a member can set by mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SettingKey {
    /// A note for each accepted post.
    Ack,
    /// Mail of this list at all.
    Delivery,
    /// One by one, or in digests.
    Digest,
    /// The list's copy of what came to me directly.
    Duplicates,
    /// My name stays out of the list of members.
    Hide,
    /// The language of what is written to me.
    Language,
    /// My own posts.
    MyPosts,
}

const KEYS: [(&str, SettingKey); 7] = [
    ("ack", SettingKey::Ack),
    ("delivery", SettingKey::Delivery),
    ("digest", SettingKey::Digest),
    ("duplicates", SettingKey::Duplicates),
    ("hide", SettingKey::Hide),
    ("language", SettingKey::Language),
    ("myposts", SettingKey::MyPosts),
];

/// One setting and its new value, which was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    /// Which.
    pub(crate) key: SettingKey,
    /// As it is written in the command.
    pub(crate) value: String,
}

impl Setting {
    /// Reads `ack on digest mime`.
    pub(super) fn read_all(words: &[&str]) -> Result<Vec<Self>, Problem> {
        let mut settings = vec![];
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(Problem::Argument(pair.first().copied().unwrap_or_default().to_owned()));
            };
            let key = KEYS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, key)| *key);
            let Some(key) = key else { return Err(Problem::Argument((*name).to_owned())) };
            let setting = Self { key, value: (*value).to_owned() };
            if !setting.apply(&mut Preferences::default()) {
                return Err(Problem::Argument(format!("{name} {value}")));
            }
            settings.push(setting);
        }
        Ok(settings)
    }

    /// Writes it down; false if the value does not fit.
    pub(crate) fn apply(&self, preferences: &mut Preferences) -> bool {
        let flag = match self.value.to_lowercase().as_str() {
            "on" | "yes" | "true" => Some(true),
            "off" | "no" | "false" => Some(false),
            _ => None,
        };
        match self.key {
            SettingKey::Ack => preferences.acknowledge_posts = flag,
            SettingKey::Duplicates => preferences.receive_list_copy = flag,
            SettingKey::Hide => preferences.hide_address = flag,
            SettingKey::MyPosts => preferences.receive_own_postings = flag,
            SettingKey::Delivery => {
                preferences.delivery_status =
                    flag.map(|on| if on { DeliveryStatus::Enabled } else { DeliveryStatus::ByUser });
            }
            SettingKey::Digest => {
                let mode = digest(&self.value);
                preferences.delivery_mode = mode;
                return mode.is_some();
            }
            SettingKey::Language => {
                let known = is_language(&self.value);
                preferences.preferred_language = known.then(|| self.value.clone());
                return known;
            }
        }
        flag.is_some()
    }
}

/// What these change, an indented line each.
pub(crate) fn show_changes(changes: &Preferences) -> String {
    let flag = |name: &str, value: Option<bool>| value.map(|v| (name.to_owned(), on_off(v).to_owned()));
    let digest = changes.delivery_mode.map(|mode| ("digest".to_owned(), digest_word(mode).to_owned()));
    let language = changes.preferred_language.clone().map(|code| ("language".to_owned(), code));
    let all = [
        flag("ack", changes.acknowledge_posts),
        flag("delivery", changes.delivery_status.map(|s| s == DeliveryStatus::Enabled)),
        digest,
        flag("duplicates", changes.receive_list_copy),
        flag("hide", changes.hide_address),
        language,
        flag("myposts", changes.receive_own_postings),
    ];
    let lines: Vec<_> =
        all.into_iter().flatten().map(|(name, value)| format!("    {name} {value}")).collect();
    lines.join("\n")
}

const fn on_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

const fn digest_word(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Regular => "no",
        DeliveryMode::PlaintextDigests => "plain",
        DeliveryMode::MimeDigests | DeliveryMode::SummaryDigests => "mime",
    }
}

fn is_language(code: &str) -> bool {
    ListSettings::default().set("preferred_language", &code.into()).is_ok()
}

/// What holds for a member, one setting a line, as `set` takes it.
pub(crate) fn show_settings(preferences: &Preferences, language: &str) -> Vec<String> {
    let flag = on_off;
    KEYS.iter()
        .map(|(name, key)| {
            let value = match key {
                SettingKey::Ack => flag(preferences.acknowledge_posts.unwrap_or(false)),
                SettingKey::Delivery => {
                    flag(preferences.delivery_status.unwrap_or_default() == DeliveryStatus::Enabled)
                }
                SettingKey::Digest => digest_word(preferences.delivery_mode.unwrap_or_default()),
                SettingKey::Duplicates => flag(preferences.receive_list_copy.unwrap_or(true)),
                SettingKey::Hide => flag(preferences.hide_address.unwrap_or(true)),
                SettingKey::Language => preferences.preferred_language.as_deref().unwrap_or(language),
                SettingKey::MyPosts => flag(preferences.receive_own_postings.unwrap_or(true)),
            };
            format!("set {name} {value}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_set() {
        let shown = show_settings(&Preferences::default(), "en");
        assert_eq!(
            shown,
            [
                "set ack off",
                "set delivery on",
                "set digest no",
                "set duplicates on",
                "set hide on",
                "set language en",
                "set myposts on"
            ]
        );
        for line in shown {
            let words: Vec<_> = line.split(' ').skip(1).collect();
            assert!(Setting::read_all(&words).is_ok(), "{line}");
        }
    }

    #[test]
    fn several_at_once() {
        let settings = Setting::read_all(&["ACK", "on", "delivery", "off", "digest", "plain"]).unwrap();
        let mut preferences = Preferences::default();
        assert!(settings.iter().all(|s| s.apply(&mut preferences)));
        assert_eq!(preferences.acknowledge_posts, Some(true));
        assert_eq!(preferences.delivery_status, Some(DeliveryStatus::ByUser));
        assert_eq!(preferences.delivery_mode, Some(DeliveryMode::PlaintextDigests));
        for bad in
            [&["ack"][..], &["ack", "perhaps"], &["colour", "red"], &["language", "tlh"], &["digest", "x"]]
        {
            assert!(matches!(Setting::read_all(bad), Err(Problem::Argument(_))), "{bad:?}");
        }
    }
}
