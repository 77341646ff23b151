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
    acceptable_aliases: Vec<String> = vec![]; Posting " Other addresses of the list: a post that names one of them in To or Cc counts as addressed to the list. Addresses, or regular expressions beginning `^`."
    accept_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts are treated as a member's: addresses, regular expressions beginning `^`, or `@list@host` for the members of another list here."
    admin_daily_reminder: bool = true; Moderation (new) " Remind moderators once a day of what waits longer than a day; of everything that waits, if they are not told at once."
    admin_immed_notify: bool = true; Moderation " Write to owners and moderators as soon as something waits for them; without it they get a reminder a day."
    admin_notify_mchanges: bool = false; Membership " Write to owners and moderators when somebody joins or leaves."
    administrivia: bool = true; Posting " Hold posts that look like a command sent to the wrong address, such as `unsubscribe` alone."
    advertised: bool = true; Identity " Show the list in public overviews."
    allow_list_posts: bool = true; Posting (dead) " Members may post; `no` makes an announcement list, where owners, moderators and those whose posts are always accepted may write (List-Post: NO)."
    anonymous_list: bool = false; Message " Hide who wrote a post: From becomes the list, and every field that could tell is removed."
    archive_policy: ArchivePolicy = ArchivePolicy::Public; Archive " Who may read the archive; `never` keeps none."
    archive_rendering_mode: ArchiveRenderingMode = ArchiveRenderingMode::Text; Archive " How the web archive shows text."
    autorespond_owner: ResponseAction = ResponseAction::None; Answers " Whether mail for the owners is answered automatically, and then still delivered."
    autorespond_postings: ResponseAction = ResponseAction::None; Answers " Whether posts are answered automatically, and then still sent to the list."
    autorespond_requests: ResponseAction = ResponseAction::None; Answers " Whether mail with commands is answered automatically, and then still obeyed."
    #[serde(with = "span")]
    autoresponse_grace_period: Duration = Duration::from_hours(90 * 24); Answers " The least time between two automatic answers to one sender; 0d answers each time, within the limit of a day."
    autoresponse_owner_text: String = String::new(); Answers " The text of the automatic answer to mail for the owners. `$variables` are filled in."
    autoresponse_postings_text: String = String::new(); Answers " The text of the automatic answer to posts. `$variables` are filled in."
    autoresponse_request_text: String = String::new(); Answers " The text of the automatic answer to commands. `$variables` are filled in."
    bounce_matching_headers: Vec<String> = vec![]; Posting " Posts with a header field that fits one of these lines (`Header: regexp`) are held: the older form of header matches."
    #[serde(with = "span")]
    bounce_info_stale_after: Duration = Duration::from_hours(7 * 24); Bounces " A bounce score is forgotten when no mail has come back for so long."
    bounce_notify_owner_on_bounce_increment: bool = false; Bounces " Write to the owners each time a member's bounce score grows."
    bounce_notify_owner_on_disable: bool = true; Bounces " Write to the owners when bounces switch a member's delivery off."
    bounce_notify_owner_on_removal: bool = true; Bounces " Write to the owners when bounces remove a member."
    bounce_score_threshold: u64 = 5; Bounces " Delivery to a member is switched off when the bounce score, at most one point a day, reaches this."
    bounce_you_are_disabled_warnings: u64 = 3; Bounces " So many reminders go to a member whose delivery is off before the member is removed; 0 removes at once."
    #[serde(with = "span")]
    bounce_you_are_disabled_warnings_interval: Duration = Duration::from_hours(7 * 24); Bounces " The time between these reminders."
    collapse_alternatives: bool = true; Content " When the content filter runs, keep only the first part of what is sent in several forms, which is plain text as a rule."
    convert_html_to_plaintext: bool = false; Content " When the content filter runs, turn HTML that is left into plain text."
    default_member_action: Action = Action::Defer; Posting " What happens to posts of members who have no action of their own. `defer` lets the other rules decide."
    default_nonmember_action: Action = Action::Hold; Posting " What happens to posts of people who are no members and have no action of their own."
    description: String = String::new(); Identity " One line about the list, for overviews and headers."
    digest_is_default: bool = false; Digests (dead) " Who joins and does not say otherwise gets digests, in MIME, instead of single posts."
    digest_send_periodic: bool = true; Digests " Send a digest each day even if it has not reached its size."
    digest_size_threshold: f64 = 30.0; Digests " Send a digest as soon as it has this size, KiB; 0 waits for the day's end."
    digest_volume_frequency: DigestFrequency = DigestFrequency::Monthly; Digests " How often a new volume of digests begins, and numbers start at 1 again."
    digests_enabled: bool = true; Digests " Members may have digests instead of single posts."
    disabled_archivers: Vec<String> = vec![]; Archive (new) " Archives of the site that do not get this list's posts: `hyperkitty`, `prototype`, `mbox`, `mail-archive`, `posthaste`."
    discard_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts are dropped without a word: addresses, or regular expressions beginning `^`."
    display_name: String = String::new(); Identity " The list's name for people."
    dmarc_addresses: Vec<String> = vec![]; Authenticity " Authors whose posts are always treated as if their domain forbade forwarding: addresses, or regular expressions beginning `^`."
    dmarc_mitigate_action: DmarcMitigateAction = DmarcMitigateAction::NoMitigation; Authenticity " What is done to posts whose author's domain asks others to refuse what lists forward (DMARC)."
    dmarc_mitigate_unconditionally: bool = false; Authenticity " Do that to every post, whatever the author's domain says."
    dmarc_moderation_notice: String = String::new(); Authenticity " The text for posts that are rejected for that reason; empty is our own."
    dmarc_wrapped_message_text: String = String::new(); Authenticity " The text put before a post that is wrapped for that reason."
    emergency: bool = false; Posting " Hold every post, whoever wrote it, until this is off again."
    filter_action: FilterAction = FilterAction::Discard; Content " What happens to a post of which the content filter leaves nothing."
    filter_content: bool = false; Content " Switch the content filter on: the settings below say what it removes."
    filter_extensions: Vec<String> = vec![]; Content " File extensions the content filter removes, as in `exe`."
    filter_types: Vec<String> = vec![]; Content " MIME types the content filter removes, as in `image` or `image/bmp`."
    first_strip_reply_to: bool = false; Message " Remove the Reply-To the author wrote."
    forward_auto_discards: bool = false; Moderation (new) " Send moderators a copy of each post that a rule drops."
    forward_unrecognized_bounces_to: UnrecognizedBounceDisposition = UnrecognizedBounceDisposition::Administrators; Bounces " Who gets reports of failure that name no member."
    gateway_to_mail: bool = false; News " Articles of the linked newsgroup become posts."
    gateway_to_news: bool = false; News " Posts become articles of the linked newsgroup."
    hold_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts wait for a moderator: addresses, or regular expressions beginning `^`."
    include_rfc2369_headers: bool = true; Message " Add the fields by which mail programs know the list and offer to leave it (List-Id, List-Unsubscribe and others)."
    info: String = String::new(); Identity " The list described at length."
    linked_newsgroup: String = String::new(); News " The newsgroup behind the list."
    max_days_to_hold: u64 = 0; Moderation (dead) " Drop what waited so many days for a moderator; 0 lets it wait."
    max_message_size: u64 = 40; Posting " The largest post that passes without a moderator, KiB; 0 is any."
    max_num_recipients: u64 = 10; Posting " Hold posts that name so many addresses or more in To and Cc; 0 is any."
    member_moderation_notice: String = String::new(); Posting (dead) " What a member reads whose post is sent back by moderation; empty = a plain sentence."
    member_roster_visibility: RosterVisibility = RosterVisibility::Moderators; Membership " Who may see the list of members."
    moderator_password: Option<String> = None; Posting " The hash of the password that lets a post pass as approved (field or first line `Approved:`)."
    new_member_posts: u64 = 0; Posting (new) " Posts of a member wait for a moderator until so many of theirs were accepted; 0 = none does."
    newsgroup_moderation: NewsgroupModeration = NewsgroupModeration::None; News " How the linked newsgroup is moderated."
    nntp_prefix_subject_too: bool = true; News " Articles keep the subject prefix."
    nonmember_rejection_notice: String = String::new(); Posting (dead) " What a nonmember reads whose post is sent back; empty = a plain sentence."
    one_copy_of_crossposts: bool = true; Message (new) " A post to several lists of this site reaches who is on more than one of them once."
    pass_extensions: Vec<String> = vec![]; Content " File extensions the content filter lets pass; if any are set, all others are removed."
    pass_types: Vec<String> = vec![]; Content " MIME types the content filter lets pass; if any are set, all others are removed."
    personalize: Personalization = Personalization::None; Message " Whether each member gets a copy of their own, so that header, footer and To can name the reader."
    posting_pipeline: String = "default-posting-pipeline".into(); Message " What posts go through; there is one pipeline."
    preferred_language: String = "en".into(); Identity " The language the list writes in, and that of members who have set none."
    process_bounces: bool = true; Bounces " Count mail that comes back, and act on it."
    regular_exclude_ignore: bool = true; Message (new) " Lists in `regular_exclude_lists` count only if the author is a member of them."
    regular_exclude_lists: Vec<String> = vec![]; Message (new) " Members of these lists of this site get no copy from here if To or Cc names that list."
    regular_include_lists: Vec<String> = vec![]; Message (new) " Members of these lists of this site get posts, too, unless To or Cc names that list."
    reject_these_nonmembers: Vec<String> = vec![]; Posting " Nonmembers whose posts are sent back: addresses, or regular expressions beginning `^`."
    reply_goes_to_list: ReplyToMunging = ReplyToMunging::NoMunging; Message " Where answers to posts go."
    reply_to_address: String = String::new(); Message " The address for `explicit_header` and `explicit_header_only`."
    require_explicit_destination: bool = true; Posting " Hold posts that name the list neither in To nor in Cc."
    respond_to_post_requests: bool = true; Moderation " Tell authors that their post waits for a moderator."
    send_goodbye_message: bool = true; Membership " Say goodbye to members who leave."
    send_welcome_message: bool = true; Membership " Welcome new members."
    subject_prefix: String = String::new(); Message " Put before each subject; `%d` becomes the number of the post."
    subscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; Membership " What it takes to join."
    topics: Vec<Topic> = vec![]; Posting (dead) " What the list talks about, one `NAME: regexp` a line; members may choose."
    topics_bodylines_limit: i64 = 5; Posting (dead) " So many lines of a text are searched for `Subject:` and `Keywords:` of topics; negative = all."
    topics_enabled: bool = false; Posting (dead) " Sort posts by topic; who has chosen topics gets only those."
    umbrella_lists: Vec<String> = vec![]; Posting (new) " Lists that have this list as a member: what they send on is accepted."
    unsubscription_policy: SubscriptionPolicy = SubscriptionPolicy::Confirm; Membership " What it takes to leave."
    footer: String = DEFAULT_FOOTER.into(); Message (new) " Put under each post; empty is none. `$variables` are filled in. A text set for this list (`posthaste template`) comes first; unless this is changed, domain, site and language decide."
    header: String = String::new(); Message (new) " Put above each post. `$variables` are filled in. A text set for this list (`posthaste template`) comes first; if this is empty, domain and site decide."
    keep_signatures: bool = false; Authenticity (new) " Leave what an author's DKIM signature covers as it is: prefix, header, footer and Reply-To are left out of signed posts."
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
            ("disabled_archivers", "hyperkity", "there are hyperkitty"),
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
