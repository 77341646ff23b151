use std::path::{Path, PathBuf};

use posthaste_model::Address;
use toml::de::DeValue;

use super::alerts::Url;
use super::database::first_line;
use super::key::section;
use super::value::{Value, choice, found, integer, wrong};

section! {
    /// A person who is told of trouble, or a channel that many read; one `[[contact]]` for each.
    Contact in "contact" {
        /// By which messages and acknowledgements name them. Unset: an error, everybody has a name.
        live name: Option<String> = None, example "\"Anne\"";
        /// Addresses that alerts are mailed to, past our own queue.
        live mail: Vec<Address> = Vec::new();
        /// A webhook that is told as well. Unset: none.
        live webhook: Option<Url> = None, example "\"https://chat.example.org/hooks/1c9e\"";
        /// A file whose first line is that URL, for it is often a secret. Unset: there is no such file.
        live webhook_file: Option<PathBuf> = None, example "\"/etc/posthaste/anne.webhook\"";
        /// What the webhook understands.
        live template: Template = Template::Generic;
        /// A file whose first line is the access token for the webhook (matrix, ntfy, generic) or the routing key
        /// (pagerduty). Unset: it needs none.
        live token_file: Option<PathBuf> = None, example "\"/etc/posthaste/matrix.token\"";
        /// The id of the Matrix room. Unset: not Matrix.
        live room: Option<String> = None, example "\"!wjvnyGBkzpYcVcTRtg:example.org\"";
        /// 0: a channel, told of everything, causes too; 1: paged first; 2: paged after `alerts.second_after`; 3: with
        /// everyone after `alerts.everyone_after`.
        live step: Step = Step(1);
    }
}

choice! {
    /// What a webhook understands.
    Template {
        /// Flat JSON with everything.
        Generic = "generic",
        /// Slack, Mattermost, Rocket.Chat.
        Slack = "slack",
        /// A Matrix homeserver's client API.
        Matrix = "matrix",
        /// ntfy.
        Ntfy = "ntfy",
        /// `PagerDuty` Events v2.
        PagerDuty = "pagerduty",
        /// Alertmanager v2.
        Alertmanager = "alertmanager",
    }
}

/// A rung of the ladder, 0 to 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step(pub(crate) u8);

impl Value for Step {
    fn kind() -> String {
        "0, 1, 2 or 3".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let step = integer(value).and_then(|number| u8::try_from(number).ok()).filter(|step| *step <= 3);
        step.map(Self).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Value for Vec<Address> {
    fn kind() -> String {
        "a list of e-mail addresses".to_owned()
    }

    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| wrong::<Self>(value))?;
        let read = |item: &DeValue<'_>| {
            Address::read(item, base).map_err(|error| format!("{}: {error}", found(item)))
        };
        items.iter().map(|item| read(item.get_ref())).collect()
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(Value::show).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

impl Contact {
    /// The webhook's URL, from the key or its file.
    pub(crate) fn url(&self) -> Result<Option<String>, String> {
        secret(self.webhook_file.as_deref(), self.webhook.as_ref().map(Url::as_str)).and_then(|url| match url
        {
            Some(url) if Url::parse(&url).is_none() => Err("its webhook is no URL".to_owned()),
            url => Ok(url),
        })
    }

    /// The webhook's token.
    pub(crate) fn token(&self) -> Result<Option<String>, String> {
        secret(self.token_file.as_deref(), None)
    }

    /// Key, what is wrong, fix.
    pub(super) fn problems(&self) -> Vec<(&'static str, String, String)> {
        let mut found = Vec::new();
        let hook = self.webhook.is_some() || self.webhook_file.is_some();
        for (key, file) in [("webhook_file", &self.webhook_file), ("token_file", &self.token_file)] {
            if let Some(Err((what, fix))) = file.as_deref().map(first_line) {
                found.push((key, what, fix));
            }
        }
        if self.mail.is_empty() && !hook {
            let fix = "give it mail = [\"anne@example.org\"] or a webhook".to_owned();
            found.push(("mail", "there is no way to tell this contact anything".to_owned(), fix));
        }
        if hook && self.template == Template::Matrix && self.room.is_none() {
            found.push(("room", "a Matrix webhook needs a room".to_owned(), "set room to its id".to_owned()));
        }
        if hook
            && matches!(self.template, Template::Matrix | Template::PagerDuty)
            && self.token_file.is_none()
        {
            let what = format!("a webhook of {} needs a token", self.template.as_str());
            found.push(("token_file", what, "name a file with it in token_file".to_owned()));
        }
        found
    }
}

fn secret(file: Option<&Path>, plain: Option<&str>) -> Result<Option<String>, String> {
    match file {
        Some(file) => first_line(file).map(Some).map_err(|(what, _)| what),
        None => Ok(plain.map(str::to_owned)),
    }
}
