use serde_json::Value;

use super::{DEFAULT_FOOTER, ListSettings, SettingKind};

/// What a setting is about; the guide is ordered by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SettingGroup {
    /// Names and texts of the list.
    Identity,
    /// Joining, leaving, and who sees the members.
    Membership,
    /// Who may post what.
    Posting,
    /// What waits for a moderator.
    Moderation,
    /// What is done to a post.
    Message,
    /// The content filter.
    Content,
    /// Proofs of who wrote a post.
    Authenticity,
    /// Automatic answers.
    Answers,
    /// Members that cannot be reached.
    Bounces,
    /// Digests.
    Digests,
    /// The archive.
    Archive,
    /// Newsgroups.
    News,
}

impl SettingGroup {
    /// All of them, in the order of the guide.
    pub const ALL: [Self; 12] = [
        Self::Identity,
        Self::Membership,
        Self::Posting,
        Self::Moderation,
        Self::Message,
        Self::Content,
        Self::Authenticity,
        Self::Answers,
        Self::Bounces,
        Self::Digests,
        Self::Archive,
        Self::News,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Identity => "The list itself",
            Self::Membership => "Joining and leaving",
            Self::Posting => "Who may post what",
            Self::Moderation => "What waits for a moderator",
            Self::Message => "What is done to a post",
            Self::Content => "The content filter",
            Self::Authenticity => "Proofs of who wrote a post (DMARC, DKIM)",
            Self::Answers => "Automatic answers",
            Self::Bounces => "Members that cannot be reached",
            Self::Digests => "Digests",
            Self::Archive => "The archive",
            Self::News => "Newsgroups",
        }
    }
}

/// Where a setting comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingOrigin {
    /// Mailman 3 has it under this name.
    Mailman,
    /// Mailman 3 keeps it, and does not obey it.
    Dead,
    /// Mailman 3 has none of this name.
    New,
}

/// What the guide tells of a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SettingGuide {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Where it stands.
    pub group: SettingGroup,
    /// Where it comes from.
    pub origin: SettingOrigin,
    /// What may stand there.
    pub kind: SettingKind,
}

/// The guide to all settings, as Markdown.
pub fn settings_guide() -> String {
    let mut out = String::from(
        "# Every setting of a list\n\n\
         This page is made from the declarations the program itself uses. `posthaste list set LIST@DOMAIN NAME VALUE` changes \
         a setting, `posthaste list show LIST@DOMAIN` shows all; the next post obeys.\n\n\
         Names are those of Mailman 3. **Obeyed here** marks what Mailman 3 keeps without obeying it, **new** what it has not.\n",
    );
    let all = ListSettings::guide();
    for group in SettingGroup::ALL {
        out.push_str(&format!("\n## {}\n", group.title()));
        for setting in all.iter().filter(|s| s.group == group) {
            out.push_str(&entry(setting));
        }
    }
    out
}

fn entry(setting: &SettingGuide) -> String {
    let mark = match setting.origin {
        SettingOrigin::Mailman => "",
        SettingOrigin::Dead => " **Obeyed here.**",
        SettingOrigin::New => " **New.**",
    };
    let mut out = format!("\n### {}\n\n{}{mark}\n\n", setting.name, setting.about);
    match setting.kind {
        SettingKind::Is(words) => out.push_str(&format!("Value: {words}.")),
        SettingKind::Choice(values) => {
            out.push_str("Value: one of\n\n");
            for (value, about) in values {
                out.push_str(&format!("- `{value}`: {}\n", about.trim()));
            }
            out.push('\n');
        }
    }
    if matches!(setting.kind, SettingKind::Is(_)) {
        out.push(' ');
    }
    out.push_str(&format!("Default: {}\n", default(setting.name)));
    out
}

/// The default as a person writes it.
fn default(name: &str) -> String {
    // What a new list is given is told, not what an empty document means.
    match name {
        "subject_prefix" => return "the list's name in brackets, as in `[Dev] `.".into(),
        "display_name" => return "the list's name, as in `Dev`.".into(),
        _ => {}
    }
    match ListSettings::default().get(name) {
        Ok(Value::Bool(yes)) => if yes { "`yes`." } else { "`no`." }.into(),
        Ok(Value::String(text)) if text.is_empty() => "empty.".into(),
        Ok(Value::String(text)) if text == DEFAULT_FOOTER => {
            "a line with the list's name, and how to leave, in the list's language.".into()
        }
        Ok(Value::String(text)) => format!("`{text}`."),
        Ok(Value::Array(items)) if items.is_empty() => "empty.".into(),
        Ok(Value::Null) | Err(_) => "none.".into(),
        Ok(other) => format!("`{other}`."),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_setting_is_told_of_once() {
        let guide = settings_guide();
        for (name, about) in ListSettings::KEYS {
            assert_eq!(guide.matches(&format!("### {name}\n")).count(), 1, "{name}");
            assert!(about.ends_with('.') && about.len() > 8, "{name}: {about:?} is no sentence");
        }
    }

    /// `POSTHASTE_UPDATE_DOCS=1` writes the page.
    #[test]
    fn the_page_is_what_the_declarations_say() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/settings.md");
        if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
            std::fs::write(&page, settings_guide()).unwrap();
        }
        let found = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(
            found == settings_guide(),
            "write it again: POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste-model guide"
        );
    }
}
