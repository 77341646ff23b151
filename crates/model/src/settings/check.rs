use serde_json::Value;

use super::{ListSettings, SettingError, shown};
use crate::{ListName, Pattern};

impl ListSettings {
    /// What a type alone cannot say of a value.
    pub(super) fn check(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        let refuse =
            |key: &'static str, rule: String| Err(SettingError::Value { key, value: shown(value), rule });
        match key {
            "description" if self.description.contains('\n') => {
                refuse("description", "it must be a single line".into())
            }
            "subject_prefix" if self.subject_prefix.contains(['\r', '\n']) => {
                refuse("subject_prefix", "it must be a single line".into())
            }
            "display_name" if self.display_name.contains(['\r', '\n']) => {
                refuse("display_name", "it must be a single line".into())
            }
            "posting_pipeline" if self.posting_pipeline != "default-posting-pipeline" => {
                refuse("posting_pipeline", "the pipeline is default-posting-pipeline".into())
            }
            "preferred_language" if !LANGUAGES.contains(&self.preferred_language.as_str()) => {
                refuse("preferred_language", format!("the languages are {}", LANGUAGES.join(" ")))
            }
            "reply_to_address" if !self.reply_to_address.is_empty() => {
                match crate::Address::parse(&self.reply_to_address) {
                    Ok(_) => Ok(()),
                    Err(e) => refuse("reply_to_address", e.to_string()),
                }
            }
            "acceptable_aliases" => {
                for alias in &mut self.acceptable_aliases {
                    // Of a pattern the case may mean something: \S is not \s.
                    if !alias.starts_with('^') {
                        *alias = alias.to_lowercase();
                    }
                    if !alias.contains('@') && !alias.starts_with('^') {
                        return refuse(
                            "acceptable_aliases",
                            format!("{alias:?} has no @ and does not begin with ^"),
                        );
                    }
                    if let Some(Err(e)) = alias.starts_with('^').then(|| Pattern::parse(alias)) {
                        return refuse(
                            "acceptable_aliases",
                            format!("{alias:?} is not a regular expression: {e}"),
                        );
                    }
                }
                Ok(())
            }
            "accept_these_nonmembers" => {
                check_senders("accept_these_nonmembers", &self.accept_these_nonmembers, true, value)
            }
            "hold_these_nonmembers" => {
                check_senders("hold_these_nonmembers", &self.hold_these_nonmembers, false, value)
            }
            "reject_these_nonmembers" => {
                check_senders("reject_these_nonmembers", &self.reject_these_nonmembers, false, value)
            }
            "discard_these_nonmembers" => {
                check_senders("discard_these_nonmembers", &self.discard_these_nonmembers, false, value)
            }
            "bounce_matching_headers" => {
                let lines = self.bounce_matching_headers.iter().filter(|l| !l.starts_with('#'));
                let wrong = lines.map(|l| (l, check_header_line(l))).find(|(_, checked)| checked.is_err());
                match wrong {
                    Some((line, Err(why))) => refuse("bounce_matching_headers", format!("{line:?}: {why}")),
                    _ => Ok(()),
                }
            }
            "regular_exclude_lists" => {
                check_lists("regular_exclude_lists", &self.regular_exclude_lists, value)
            }
            "regular_include_lists" => {
                check_lists("regular_include_lists", &self.regular_include_lists, value)
            }
            "disabled_archivers" => {
                let unknown = self.disabled_archivers.iter().find(|name| !ARCHIVERS.contains(&name.as_str()));
                match unknown {
                    Some(name) => refuse(
                        "disabled_archivers",
                        format!("there is no archive {name:?}; there are {}", ARCHIVERS.join(", ")),
                    ),
                    None => Ok(()),
                }
            }
            "umbrella_lists" => check_lists("umbrella_lists", &self.umbrella_lists, value),
            "dmarc_addresses" => check_senders("dmarc_addresses", &self.dmarc_addresses, false, value),
            _ => Ok(()),
        }
    }
}

fn check_header_line(line: &str) -> Result<(), String> {
    let (_, pattern) = line.split_once(':').ok_or("write HEADER: PATTERN")?;
    Pattern::parse(pattern.trim_start()).map(drop)
}

fn check_lists(key: &'static str, items: &[String], value: &Value) -> Result<(), SettingError> {
    match items.iter().find_map(|item| ListName::parse(item).err()) {
        Some(e) => Err(SettingError::Value { key, value: shown(value), rule: e.to_string() }),
        None => Ok(()),
    }
}

fn check_senders(
    key: &'static str,
    items: &[String],
    lists_too: bool,
    value: &Value,
) -> Result<(), SettingError> {
    for item in items {
        let rule = if item.starts_with('^') {
            Pattern::parse(item).err().map(|e| format!("{item:?} is not a regular expression: {e}"))
        } else {
            let address = if lists_too { item.strip_prefix('@').unwrap_or(item) } else { item };
            crate::Address::parse(address).err().map(|e| e.to_string())
        };
        if let Some(rule) = rule {
            return Err(SettingError::Value { key, value: shown(value), rule });
        }
    }
    Ok(())
}

/// The archives a site can have.
const ARCHIVERS: [&str; 5] = ["hyperkitty", "mail-archive", "mbox", "posthaste", "prototype"];

/// The languages a list or member can have.
const LANGUAGES: [&str; 39] = [
    "ar", "ast", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "gl", "he", "hr",
    "hu", "ia", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt", "pt_BR", "ro", "ru", "sk", "sl", "sr", "sv",
    "tr", "uk", "vi", "zh_CN", "zh_TW",
];
