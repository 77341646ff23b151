use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::ListName;

/// Why a setting was refused: names the attribute, the rule and what would do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingError {
    /// No attribute has this name.
    #[error("a list has no setting {key:?}{}", nearest.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        key: String,
        /// The closest name there is.
        nearest: Option<&'static str>,
    },
    /// The value does not fit.
    #[error("{key} cannot be {value}: {rule}")]
    Value {
        /// The attribute.
        key: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        rule: String,
    },
}

macro_rules! choices {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $text:literal ),+ $(,)? } )+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $( $(#[$vdoc])* #[serde(rename = $text)] $variant ),+ }

        impl $name {
            /// Every value, in the order they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in settings and in the REST API.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(s: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.name() == s).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|v| v.name()).collect();
                    format!("accepted values are {}", names.join(", "))
                })
            }
        }

        impl SettingValue for $name {
            fn read(value: &Value) -> Result<Self, String> {
                value.as_str().unwrap_or_default().parse()
            }
        }
    )+ };
}

/// A type a setting can have: how it is read from JSON or from the command line's text.
trait SettingValue: Sized {
    fn read(value: &Value) -> Result<Self, String>;
}

choices! {
    /// What happens to a post.
    Action {
        /// Wait for a moderator.
        Hold = "hold",
        /// Send back with a notice.
        Reject = "reject",
        /// Drop.
        Discard = "discard",
        /// Let pass without further checks.
        Accept = "accept",
        /// Go on with the other rules.
        Defer = "defer",
    }
    /// What happens to a post whose outermost part the content filter refuses.
    FilterAction {
        /// Wait for a moderator.
        Hold = "hold",
        /// Send back with a notice.
        Reject = "reject",
        /// Drop.
        Discard = "discard",
        /// Let pass.
        Accept = "accept",
        /// Go on.
        Defer = "defer",
        /// Send to the owners.
        Forward = "forward",
        /// Set aside.
        Preserve = "preserve",
    }
    /// Who may read the archive.
    ArchivePolicy {
        /// There is none.
        Never = "never",
        /// Members.
        Private = "private",
        /// Everybody.
        Public = "public",
    }
    /// How the web archive shows text.
    ArchiveRenderingMode {
        /// As written.
        Text = "text",
        /// As Markdown.
        Markdown = "markdown",
    }
    /// Whether and how an automatic answer is given.
    ResponseAction {
        /// No answer.
        None = "none",
        /// Answer and drop the message.
        RespondAndDiscard = "respond_and_discard",
        /// Answer and go on.
        RespondAndContinue = "respond_and_continue",
    }
    /// Who gets reports of failure that nobody can read.
    UnrecognizedBounceDisposition {
        /// Nobody.
        Discard = "discard",
        /// The list's owners and moderators.
        Administrators = "administrators",
        /// The site's owner.
        SiteOwner = "site_owner",
    }
    /// How often a digest volume begins.
    DigestFrequency {
        /// Each year.
        Yearly = "yearly",
        /// Each month.
        Monthly = "monthly",
        /// Each quarter.
        Quarterly = "quarterly",
        /// Each week.
        Weekly = "weekly",
        /// Each day.
        Daily = "daily",
    }
    /// What is done to a post whose author's domain forbids lists to forward it.
    DmarcMitigateAction {
        /// Nothing.
        NoMitigation = "no_mitigation",
        /// From becomes the list.
        MungeFrom = "munge_from",
        /// The post becomes an attachment.
        WrapMessage = "wrap_message",
        /// Sent back.
        Reject = "reject",
        /// Dropped.
        Discard = "discard",
    }
    /// Whether each member gets a copy of their own.
    Personalization {
        /// One copy for many.
        None = "none",
        /// One each, with their data in header and footer.
        Individual = "individual",
        /// One each, and To names them.
        Full = "full",
    }
    /// Where answers go.
    ReplyToMunging {
        /// Where the author says.
        NoMunging = "no_munging",
        /// To the list.
        PointToList = "point_to_list",
        /// To an address the owner set, and the author's.
        ExplicitHeader = "explicit_header",
        /// To an address the owner set alone.
        ExplicitHeaderOnly = "explicit_header_only",
    }
    /// What it takes to join or leave.
    SubscriptionPolicy {
        /// Nothing.
        Open = "open",
        /// An answer from the address.
        Confirm = "confirm",
        /// A moderator's word.
        Moderate = "moderate",
        /// Both.
        ConfirmThenModerate = "confirm_then_moderate",
    }
    /// Who may see the members.
    RosterVisibility {
        /// Everybody.
        Public = "public",
        /// Members.
        Members = "members",
        /// Owners and moderators.
        Moderators = "moderators",
    }
    /// How the linked newsgroup is moderated.
    NewsgroupModeration {
        /// Not at all.
        None = "none",
        /// It is, but the list need not be.
        OpenModerated = "open_moderated",
        /// It is, and so is the list.
        Moderated = "moderated",
    }
    /// The settings a new list begins with.
    Style {
        /// An ordinary discussion list.
        LegacyDefault = "legacy-default",
        /// A list that announces.
        LegacyAnnounce = "legacy-announce",
        /// A discussion list with a private archive.
        PrivateDefault = "private-default",
    }
}

impl SettingValue for bool {
    fn read(value: &Value) -> Result<Self, String> {
        if let Some(b) = value.as_bool() {
            return Ok(b);
        }
        match value.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "on" | "enable" | "enabled" => Ok(true),
            "false" | "no" | "0" | "off" | "disable" | "disabled" => Ok(false),
            _ => Err("say yes or no".into()),
        }
    }
}

impl SettingValue for u64 {
    fn read(value: &Value) -> Result<Self, String> {
        let read = match value {
            Value::Number(n) => n.as_u64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        read.ok_or_else(|| "a whole number, zero or more, is needed".into())
    }
}

impl SettingValue for f64 {
    fn read(value: &Value) -> Result<Self, String> {
        let read = match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        };
        read.filter(|n: &Self| n.is_finite()).ok_or_else(|| "a number is needed".into())
    }
}

impl SettingValue for String {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(ToOwned::to_owned).ok_or_else(|| "text is needed".into())
    }
}

impl SettingValue for Vec<String> {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(s) if s.is_empty() => Ok(vec![]),
            Value::String(s) => {
                Ok(s.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect())
            }
            Value::Array(items) => items.iter().map(String::read).collect(),
            _ => Err("a list of texts is needed (one a line)".into()),
        }
    }
}

impl SettingValue for Option<String> {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(s) if s.is_empty() => Ok(None),
            other => String::read(other).map(Some),
        }
    }
}

impl SettingValue for Duration {
    fn read(value: &Value) -> Result<Self, String> {
        parse_span(value.as_str().unwrap_or_default()).ok_or_else(|| {
            "a span of time is needed, as in 7d, 1w2d, 1h30m (units w d h m s, descending)".into()
        })
    }
}

/// Numbers with the units `w d h m s`, each at most once and in descending order.
fn parse_span(text: &str) -> Option<Duration> {
    const UNITS: [(char, f64); 5] =
        [('w', 604_800.0), ('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];
    let mut rest = text.trim();
    let mut allowed = UNITS.as_slice();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        let unit = rest.get(end..)?.chars().next()?;
        let place = allowed.iter().position(|(u, _)| *u == unit)?;
        seconds += number * allowed.get(place)?.1;
        allowed = allowed.get(place + 1..)?;
        rest = rest.get(end + unit.len_utf8()..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// `Nd`, or `NdS.Ss` if there is a remainder: what Mailman's clients expect.
fn print_span(span: Duration) -> String {
    let (days, rest) = (span.as_secs() / 86_400, span.as_secs() % 86_400);
    let micros = span.subsec_micros();
    if rest == 0 && micros == 0 {
        format!("{days}d")
    } else {
        let fraction = format!("{micros:06}");
        let fraction = fraction.trim_end_matches('0');
        format!("{days}d{rest}.{}s", if fraction.is_empty() { "0" } else { fraction })
    }
}

mod span_serde {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(span: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::print_span(*span))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(d)?;
        super::parse_span(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a span of time")))
    }
}

macro_rules! settings {
    ($( $(#[$meta:meta])* $name:ident : $type:ty = $default:expr; $doc:literal )+) => {
        /// Everything an owner can set on a list: the writable attributes of Mailman's REST API by their names there,
        /// with Mailman's defaults, and the texts and topics Mailman stores beside them.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(default)]
        pub struct ListSettings { $( #[doc = $doc] $(#[$meta])* pub $name: $type, )+ }

        impl Default for ListSettings {
            fn default() -> Self {
                Self { $( $name: $default, )+ }
            }
        }

        impl ListSettings {
            /// Every setting: name, what it means.
            pub const KEYS: &'static [(&'static str, &'static str)] = &[$( (stringify!($name), $doc.trim_ascii()) ),+];

            fn write(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
                match key {
                    $( stringify!($name) => {
                        self.$name = <$type as SettingValue>::read(value).map_err(|rule| SettingError::Value {
                            key: stringify!($name),
                            value: shown(value),
                            rule,
                        })?;
                        Ok(())
                    } )+
                    _ => Err(SettingError::Unknown { key: key.to_owned(), nearest: nearest(key) }),
                }
            }
        }
    };
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |s| format!("{s:?}"))
}

settings! {
    acceptable_aliases: Vec<String> = vec![]; " Addresses, or regular expressions beginning `^`, accepted as explicit destination."
    accept_these_nonmembers: Vec<String> = vec![]; " Nonmembers whose posts go on: addresses, `^regexps`, or `@list@host` for another list's members."
    admin_immed_notify: bool = true; " Tell moderators at once about what waits for them."
    admin_notify_mchanges: bool = false; " Tell administrators of joins and leaves."
    administrivia: bool = true; " Hold posts that look like commands."
    advertised: bool = true; " Show the list in public overviews."
    allow_list_posts: bool = true; " Members may post; `no` makes an announcement list (List-Post: NO)."
    anonymous_list: bool = false; " Hide who wrote a post."
    archive_policy: ArchivePolicy = ArchivePolicy::Public; " Who may read the archive."
    archive_rendering_mode: ArchiveRenderingMode = ArchiveRenderingMode::Text; " How the web archive shows text."
    autorespond_owner: ResponseAction = ResponseAction::None; " Automatic answer to mail for the owners."
    autorespond_postings: ResponseAction = ResponseAction::None; " Automatic answer to posts."
    autorespond_requests: ResponseAction = ResponseAction::None; " Automatic answer to commands."
    #[serde(with = "span_serde")]
    autoresponse_grace_period: Duration = Duration::from_hours(90 * 24); " The least time between two automatic answers to one sender."
    autoresponse_owner_text: String = String::new(); " Text of the automatic answer to mail for the owners."
    autoresponse_postings_text: String = String::new(); " Text of the automatic answer to posts."
    autoresponse_request_text: String = String::new(); " Text of the automatic answer to commands."
    #[serde(with = "span_serde")]
    bounce_info_stale_after: Duration = Duration::from_hours(7 * 24); " A bounce score is forgotten after this quiet time."
    bounce_notify_owner_on_bounce_increment: bool = false; " Tell owners when a score grows."
    bounce_notify_owner_on_disable: bool = true; " Tell owners when bounces switch a member off."
    bounce_notify_owner_on_removal: bool = true; " Tell owners when bounces remove a member."
    bounce_score_threshold: u64 = 5; " Delivery is switched off above this score."
    bounce_you_are_disabled_warnings: u64 = 3; " Warnings before removal."
    #[serde(with = "span_serde")]
    bounce_you_are_disabled_warnings_interval: Duration = Duration::from_hours(7 * 24); " Time between warnings."
    collapse_alternatives: bool = true; " Content filter: keep the first alternative only."
    convert_html_to_plaintext: bool = false; " Content filter: turn HTML into plain text."
    default_member_action: Action = Action::Defer; " What happens to members' posts."
    default_nonmember_action: Action = Action::Hold; " What happens to nonmembers' posts."
    description: String = String::new(); " One line about the list."
    digest_send_periodic: bool = true; " Send a digest at the end of its period even if it is small."
    digest_size_threshold: f64 = 30.0; " Send a digest when it has this size, KiB."
    digest_volume_frequency: DigestFrequency = DigestFrequency::Monthly; " How often a digest volume begins."
    digests_enabled: bool = true; " Members may have digests."
    discard_these_nonmembers: Vec<String> = vec![]; " Nonmembers whose posts are dropped."
    display_name: String = String::new(); " The list's name for people."
    dmarc_addresses: Vec<String> = vec![]; " From: addresses that are always treated as if their domain forbade forwarding."
    dmarc_mitigate_action: DmarcMitigateAction = DmarcMitigateAction::NoMitigation; " What is done to posts from domains that forbid forwarding."
    dmarc_mitigate_unconditionally: bool = false; " Do it to every post."
    dmarc_moderation_notice: String = String::new(); " Text for posts rejected for that reason."
    dmarc_wrapped_message_text: String = String::new(); " Text added when a post is wrapped."
    emergency: bool = false; " Hold every post."
    filter_action: FilterAction = FilterAction::Discard; " What happens to a post whose outermost part is refused."
    filter_content: bool = false; " Switch the content filter on."
    filter_extensions: Vec<String> = vec![]; " File extensions the content filter removes."
    filter_types: Vec<String> = vec![]; " MIME types the content filter removes."
    first_strip_reply_to: bool = false; " Remove the author's Reply-To."
    forward_unrecognized_bounces_to: UnrecognizedBounceDisposition = UnrecognizedBounceDisposition::Administrators; " Who gets reports of failure that nobody can read."
    gateway_to_mail: bool = false; " News articles become posts."
    gateway_to_news: bool = false; " Posts become news articles."
    hold_these_nonmembers: Vec<String> = vec![]; " Nonmembers whose posts wait for a moderator."
    include_rfc2369_headers: bool = true; " Add List-Id and the other List- fields."
    info: String = String::new(); " The list described at length."
    linked_newsgroup: String = String::new(); " The newsgroup behind the list."
    max_days_to_hold: u64 = 0; " Held posts are dropped after so many days; 0 = never."
    max_message_size: u64 = 40; " The largest post, KiB; 0 = any."
    max_num_recipients: u64 = 10; " Posts with so many addresses in To and Cc are held; 0 = any."
    member_roster_visibility: RosterVisibility = RosterVisibility::Moderators; " Who may see the members."
    moderator_password: Option<String> = None; " Hash of the password for the Approved: field."
    newsgroup_moderation: NewsgroupModeration = NewsgroupModeration::None; " How the linked newsgroup is moderated."
    nntp_prefix_subject_too: bool = true; " Articles keep the subject prefix."
    pass_extensions: Vec<String> = vec![]; " File extensions the content filter lets pass."
    pass_types: Vec<String> = vec![]; " MIME types the content filter lets pass."
    personalize: Personalization = Personalization::None; " Whether each member gets a copy of their own."
    posting_pipeline: String = "default-posting-pipeline".into(); " What posts go through."
    preferred_language: String = "en".into(); " The list's language."
    process_bounces: bool = true; " Count reports of failure."
    reject_these_nonmembers: Vec<String> = vec![]; " Nonmembers whose posts are sent back."
    reply_goes_to_list: ReplyToMunging = ReplyToMunging::NoMunging; " Where answers go."
    reply_to_address: String = String::new(); " The address for explicit Reply-To."
    require_explicit_destination: bool = true; " Hold posts that do not name the list in To or Cc."
    respond_to_post_requests: bool = true; " Tell authors that their post is held."
    send_goodbye_message: bool = true; " Say goodbye to who leaves."
    send_welcome_message: bool = true; " Welcome who joins."
    subject_prefix: String = String::new(); " Put before each subject; `%d` becomes the number of the post."
    subscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; " What it takes to join."
    unsubscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; " What it takes to leave."
    footer: String = DEFAULT_FOOTER.into(); " Put under each post; empty = none. `$variables` are filled in."
    header: String = String::new(); " Put above each post; empty = none. `$variables` are filled in."
}

/// What stands under each post unless the owner changes it.
const DEFAULT_FOOTER: &str = "_______________________________________________\n\
$display_name mailing list -- $listname\n\
To unsubscribe send an email to ${short_listname}-leave@${domain}\n";

impl ListSettings {
    /// The settings a new list of this style and name begins with.
    pub fn for_style(style: Style, name: &ListName) -> Self {
        let display_name = capitalised(name.local());
        let mut settings =
            Self { subject_prefix: format!("[{display_name}] "), display_name, ..Self::default() };
        match style {
            Style::LegacyDefault => {}
            Style::LegacyAnnounce => settings.allow_list_posts = false,
            Style::PrivateDefault => {
                settings.advertised = false;
                settings.archive_policy = ArchivePolicy::Private;
                settings.subscription_policy = SubscriptionPolicy::ConfirmThenModerate;
            }
        }
        settings
    }

    /// The value of one setting as JSON.
    pub fn get(&self, key: &str) -> Result<Value, SettingError> {
        let whole = serde_json::to_value(self).unwrap_or_default();
        whole
            .get(key)
            .cloned()
            .ok_or_else(|| SettingError::Unknown { key: key.to_owned(), nearest: nearest(key) })
    }

    /// Sets one setting from JSON or, as a JSON string, from text typed by a person.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
        let mut changed = self.clone();
        changed.write(key, value)?;
        changed.check(key, value)?;
        *self = changed;
        Ok(())
    }

    fn check(&mut self, key: &str, value: &Value) -> Result<(), SettingError> {
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
                    *alias = alias.to_lowercase();
                    if !alias.contains('@') && !alias.starts_with('^') {
                        return refuse(
                            "acceptable_aliases",
                            format!("{alias:?} has no @ and does not begin with ^"),
                        );
                    }
                    if let Some(Err(e)) = alias.starts_with('^').then(|| regex::Regex::new(alias)) {
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
            "dmarc_addresses" => check_senders("dmarc_addresses", &self.dmarc_addresses, false, value),
            _ => Ok(()),
        }
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
            regex::Regex::new(item).err().map(|e| format!("{item:?} is not a regular expression: {e}"))
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

/// The languages a list or member can have.
const LANGUAGES: [&str; 39] = [
    "ar", "ast", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "gl", "he", "hr",
    "hu", "ia", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt", "pt_BR", "ro", "ru", "sk", "sl", "sr", "sv",
    "tr", "uk", "vi", "zh_CN", "zh_TW",
];

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The setting whose name is closest to what was typed, if any is close.
fn nearest(key: &str) -> Option<&'static str> {
    crate::nearest::nearest(key, ListSettings::KEYS.iter().map(|(name, _)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value {
        Value::String(s.into())
    }

    #[test]
    fn there_are_76_of_mailmans_and_two_of_ours() {
        assert_eq!(ListSettings::KEYS.len(), 78);
    }

    #[test]
    fn styles_differ_as_documented() {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        let plain = ListSettings::for_style(Style::LegacyDefault, &name);
        assert_eq!((plain.display_name.as_str(), plain.subject_prefix.as_str()), ("Dev", "[Dev] "));
        assert_eq!(plain.max_message_size, 40);
        assert!(!ListSettings::for_style(Style::LegacyAnnounce, &name).allow_list_posts);
        let private = ListSettings::for_style(Style::PrivateDefault, &name);
        assert_eq!(private.subscription_policy, SubscriptionPolicy::ConfirmThenModerate);
        assert_eq!(private.archive_policy, ArchivePolicy::Private);
    }

    #[test]
    fn values_are_read_from_text_and_json() {
        let mut s = ListSettings::default();
        s.set("emergency", &text("Yes")).unwrap();
        s.set("max_message_size", &Value::from(100)).unwrap();
        s.set("default_member_action", &text("hold")).unwrap();
        s.set("autoresponse_grace_period", &text("1w2d")).unwrap();
        s.set("acceptable_aliases", &text("A@b.c\n^x.*")).unwrap();
        assert!(s.emergency);
        assert_eq!((s.max_message_size, s.default_member_action), (100, Action::Hold));
        assert_eq!(s.autoresponse_grace_period, Duration::from_hours(9 * 24));
        assert_eq!(s.acceptable_aliases, ["a@b.c", "^x.*"]);
        assert_eq!(s.get("autoresponse_grace_period").unwrap(), text("9d"));
    }

    #[test]
    fn refusals_name_thing_and_rule_and_change_nothing() {
        let mut s = ListSettings::default();
        let before = s.clone();
        for (key, value, says) in [
            ("emergency", "perhaps", "say yes or no"),
            ("max_message_size", "-1", "zero or more"),
            ("default_member_action", "explode", "accepted values are hold, reject, discard, accept, defer"),
            ("description", "a\nb", "single line"),
            ("reply_to_address", "nobody", "has no @"),
            ("hold_these_nonmembers", "^[", "not a regular expression"),
            ("preferred_language", "tlh", "the languages are"),
            ("max_mesage_size", "1", "did you mean \"max_message_size\"?"),
        ] {
            let error = s.set(key, &text(value)).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(key), "{error}");
        }
        assert_eq!(s, before);
    }

    #[test]
    fn spans() {
        for (given, shown) in
            [("90d", "90d"), ("2h", "0d7200.0s"), ("1.5d", "1d43200.0s"), ("1d45005.0s", "1d45005.0s")]
        {
            assert_eq!(print_span(parse_span(given).unwrap()), shown);
        }
        for bad in ["", "7", "d", "1d1w", "1d1d", "-1d", "1 d"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn documents_of_other_ages_are_completed() {
        let old: ListSettings = serde_json::from_str(r#"{"emergency":true,"from_the_future":1}"#).unwrap();
        assert!(old.emergency);
        assert_eq!(old.max_message_size, 40);
    }
}
