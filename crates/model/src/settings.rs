//! What an owner can set on a list.

mod check;
mod choices;
mod error;
mod guide;
mod span;
mod value;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::choices::{
    Action, ArchivePolicy, ArchiveRenderingMode, DigestFrequency, DmarcMitigateAction, FilterAction,
    NewsgroupModeration, Personalization, ReplyToMunging, ResponseAction, RosterVisibility, Style,
    SubscriptionPolicy, UnrecognizedBounceDisposition,
};
pub use self::error::SettingError;
pub use self::guide::{SettingGroup, SettingGuide, SettingOrigin, settings_guide};
pub use self::value::SettingKind;
use self::value::SettingValue;
use crate::{ListName, Topic};

/// Declares the settings, one a line: `name: Type = default; SettingGroup "What it does."`, with `(dead)` behind the group if
/// Mailman keeps the setting without obeying it, and `(new)` if Mailman has none of that name.
macro_rules! settings {
    (@origin) => { SettingOrigin::Mailman };
    (@origin dead) => { SettingOrigin::Dead };
    (@origin new) => { SettingOrigin::New };
    ($( $(#[$meta:meta])* $name:ident : $type:ty = $default:expr; $group:ident $(($origin:ident))? $doc:literal )+) => {
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

            /// Every setting as the guide tells of it.
            pub fn guide() -> Vec<SettingGuide> {
                vec![$( SettingGuide {
                    name: stringify!($name),
                    about: $doc.trim_ascii(),
                    group: SettingGroup::$group,
                    origin: settings!(@origin $($origin)?),
                    kind: <$type as SettingValue>::kind(),
                } ),+]
            }

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
    acceptable_aliases: Vec<String> = vec![]; Posting " Addresses, or regular expressions beginning `^`, accepted as explicit destination."
    accept_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts go on: addresses, `^regexps`, or `@list@host` for another list's members."
    admin_daily_reminder: bool = true; Moderation (new) " Remind moderators once a day of what waits longer than a day; of everything that waits, if they are not told at once."
    admin_immed_notify: bool = true; Moderation " Tell moderators at once about what waits for them."
    admin_notify_mchanges: bool = false; Membership " Tell administrators of joins and leaves."
    administrivia: bool = true; Posting " Hold posts that look like commands."
    advertised: bool = true; Identity " Show the list in public overviews."
    allow_list_posts: bool = true; Posting (dead) " Members may post; `no` makes an announcement list (List-Post: NO)."
    anonymous_list: bool = false; Message " Hide who wrote a post."
    archive_policy: ArchivePolicy = ArchivePolicy::Public; Archive " Who may read the archive."
    archive_rendering_mode: ArchiveRenderingMode = ArchiveRenderingMode::Text; Archive " How the web archive shows text."
    autorespond_owner: ResponseAction = ResponseAction::None; Answers " Automatic answer to mail for the owners."
    autorespond_postings: ResponseAction = ResponseAction::None; Answers " Automatic answer to posts."
    autorespond_requests: ResponseAction = ResponseAction::None; Answers " Automatic answer to commands."
    #[serde(with = "span")]
    autoresponse_grace_period: Duration = Duration::from_hours(90 * 24); Answers " The least time between two automatic answers to one sender."
    autoresponse_owner_text: String = String::new(); Answers " Text of the automatic answer to mail for the owners."
    autoresponse_postings_text: String = String::new(); Answers " Text of the automatic answer to posts."
    autoresponse_request_text: String = String::new(); Answers " Text of the automatic answer to commands."
    bounce_matching_headers: Vec<String> = vec![]; Posting " Posts with a header field that fits one of these lines (`Header: regexp`) are held: the older form of header matches."
    #[serde(with = "span")]
    bounce_info_stale_after: Duration = Duration::from_hours(7 * 24); Bounces " A bounce score is forgotten after this quiet time."
    bounce_notify_owner_on_bounce_increment: bool = false; Bounces " Tell owners when a score grows."
    bounce_notify_owner_on_disable: bool = true; Bounces " Tell owners when bounces switch a member off."
    bounce_notify_owner_on_removal: bool = true; Bounces " Tell owners when bounces remove a member."
    bounce_score_threshold: u64 = 5; Bounces " Delivery is switched off above this score."
    bounce_you_are_disabled_warnings: u64 = 3; Bounces " Warnings before removal."
    #[serde(with = "span")]
    bounce_you_are_disabled_warnings_interval: Duration = Duration::from_hours(7 * 24); Bounces " Time between warnings."
    collapse_alternatives: bool = true; Content " Content filter: keep the first alternative only."
    convert_html_to_plaintext: bool = false; Content " Content filter: turn HTML into plain text."
    default_member_action: Action = Action::Defer; Posting " What happens to members' posts."
    default_nonmember_action: Action = Action::Hold; Posting " What happens to nonmembers' posts."
    description: String = String::new(); Identity " One line about the list."
    digest_send_periodic: bool = true; Digests " Send a digest at the end of its period even if it is small."
    digest_size_threshold: f64 = 30.0; Digests " Send a digest when it has this size, KiB."
    digest_volume_frequency: DigestFrequency = DigestFrequency::Monthly; Digests " How often a digest volume begins."
    digests_enabled: bool = true; Digests " Members may have digests."
    discard_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts are dropped."
    display_name: String = String::new(); Identity " The list's name for people."
    dmarc_addresses: Vec<String> = vec![]; Authenticity " From: addresses that are always treated as if their domain forbade forwarding."
    dmarc_mitigate_action: DmarcMitigateAction = DmarcMitigateAction::NoMitigation; Authenticity " What is done to posts from domains that forbid forwarding."
    dmarc_mitigate_unconditionally: bool = false; Authenticity " Do it to every post."
    dmarc_moderation_notice: String = String::new(); Authenticity " Text for posts rejected for that reason."
    dmarc_wrapped_message_text: String = String::new(); Authenticity " Text added when a post is wrapped."
    emergency: bool = false; Posting " Hold every post."
    filter_action: FilterAction = FilterAction::Discard; Content " What happens to a post whose outermost part is refused."
    filter_content: bool = false; Content " Switch the content filter on."
    filter_extensions: Vec<String> = vec![]; Content " File extensions the content filter removes."
    filter_types: Vec<String> = vec![]; Content " MIME types the content filter removes."
    first_strip_reply_to: bool = false; Message " Remove the author's Reply-To."
    forward_auto_discards: bool = false; Moderation (new) " Send moderators a copy of each post that a rule drops."
    forward_unrecognized_bounces_to: UnrecognizedBounceDisposition = UnrecognizedBounceDisposition::Administrators; Bounces " Who gets reports of failure that nobody can read."
    gateway_to_mail: bool = false; News " News articles become posts."
    gateway_to_news: bool = false; News " Posts become news articles."
    hold_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts wait for a moderator."
    include_rfc2369_headers: bool = true; Message " Add List-Id and the other List- fields."
    info: String = String::new(); Identity " The list described at length."
    linked_newsgroup: String = String::new(); News " The newsgroup behind the list."
    max_days_to_hold: u64 = 0; Moderation (dead) " Held posts are dropped after so many days; 0 = never."
    max_message_size: u64 = 40; Posting " The largest post, KiB; 0 = any."
    max_num_recipients: u64 = 10; Posting " Posts with so many addresses in To and Cc are held; 0 = any."
    member_moderation_notice: String = String::new(); Posting (dead) " What a member reads whose post is sent back by moderation; empty = a plain sentence."
    member_roster_visibility: RosterVisibility = RosterVisibility::Moderators; Membership " Who may see the members."
    moderator_password: Option<String> = None; Posting " Hash of the password for the Approved: field."
    new_member_posts: u64 = 0; Posting (new) " Posts of a member wait for a moderator until so many of theirs were accepted; 0 = none does."
    newsgroup_moderation: NewsgroupModeration = NewsgroupModeration::None; News " How the linked newsgroup is moderated."
    nntp_prefix_subject_too: bool = true; News " Articles keep the subject prefix."
    nonmember_rejection_notice: String = String::new(); Posting (dead) " What a nonmember reads whose post is sent back; empty = a plain sentence."
    one_copy_of_crossposts: bool = true; Message (new) " A post to several lists of this site reaches who is on more than one of them once."
    pass_extensions: Vec<String> = vec![]; Content " File extensions the content filter lets pass."
    pass_types: Vec<String> = vec![]; Content " MIME types the content filter lets pass."
    personalize: Personalization = Personalization::None; Message " Whether each member gets a copy of their own."
    posting_pipeline: String = "default-posting-pipeline".into(); Message " What posts go through."
    preferred_language: String = "en".into(); Identity " The list's language."
    process_bounces: bool = true; Bounces " Count reports of failure."
    regular_exclude_ignore: bool = true; Message (new) " Lists in regular_exclude_lists count only if the author is a member of them."
    regular_exclude_lists: Vec<String> = vec![]; Message (new) " Members of these lists of this site get no copy from here if To or Cc names that list."
    regular_include_lists: Vec<String> = vec![]; Message (new) " Members of these lists of this site get posts, too, unless To or Cc names that list."
    reject_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts are sent back."
    reply_goes_to_list: ReplyToMunging = ReplyToMunging::NoMunging; Message " Where answers go."
    reply_to_address: String = String::new(); Message " The address for explicit Reply-To."
    require_explicit_destination: bool = true; Posting " Hold posts that do not name the list in To or Cc."
    respond_to_post_requests: bool = true; Moderation " Tell authors that their post is held."
    send_goodbye_message: bool = true; Membership " Say goodbye to who leaves."
    send_welcome_message: bool = true; Membership " Welcome who joins."
    subject_prefix: String = String::new(); Message " Put before each subject; `%d` becomes the number of the post."
    subscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; Membership " What it takes to join."
    topics: Vec<Topic> = vec![]; Posting (dead) " What the list talks about, one `NAME: regexp` a line; members may choose."
    topics_bodylines_limit: i64 = 5; Posting (dead) " So many lines of a text are searched for `Subject:` and `Keywords:` of topics; negative = all."
    topics_enabled: bool = false; Posting (dead) " Sort posts by topic; who has chosen topics gets only those."
    umbrella_lists: Vec<String> = vec![]; Posting (new) " Lists that have this list as a member: what they send on is accepted."
    unsubscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; Membership " What it takes to leave."
    footer: String = DEFAULT_FOOTER.into(); Message (new) " Put under each post; empty = none. `$variables` are filled in."
    header: String = String::new(); Message (new) " Put above each post; empty = none. `$variables` are filled in."
}

/// What stands under each post unless the owner changes it.
pub const DEFAULT_FOOTER: &str = "_______________________________________________\n\
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
}

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
    fn all_of_mailmans_are_there() {
        let mailmans = ListSettings::guide().into_iter().filter(|s| s.origin != SettingOrigin::New).count();
        assert!(mailmans >= 76, "{mailmans}");
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
    fn documents_of_other_ages_are_completed() {
        let old: ListSettings = serde_json::from_str(r#"{"emergency":true,"from_the_future":1}"#).unwrap();
        assert!(old.emergency);
        assert_eq!(old.max_message_size, 40);
    }
}
