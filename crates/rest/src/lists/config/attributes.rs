//! The attributes of a list as Mailman's clients know them.

use posthaste_model::{ListSettings, SettingKind};

/// How the value of an attribute is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Yes or no.
    Truth,
    /// A whole number that is not negative.
    Number,
    /// A number.
    Decimal,
    /// A span of time.
    Span,
    /// Any text.
    Text,
    /// A text on one line.
    Line,
    /// Texts.
    Texts,
    /// Addresses and regular expressions.
    Senders,
    /// The same, and lists whose members are meant.
    SendersAndLists,
    /// Other addresses of the list.
    Aliases,
    /// One of the words the setting knows.
    Choice,
    /// The code of a language.
    Language,
    /// The name of a pipeline.
    Pipeline,
    /// A password, kept as a hash.
    Password,
    /// What Mailman has not: read as the setting says.
    Own,
}

/// Those that may be set, in the order of their names.
pub(crate) const WRITABLE: [(&str, Kind); 76] = [
    ("accept_these_nonmembers", Kind::SendersAndLists),
    ("acceptable_aliases", Kind::Aliases),
    ("admin_immed_notify", Kind::Truth),
    ("admin_notify_mchanges", Kind::Truth),
    ("administrivia", Kind::Truth),
    ("advertised", Kind::Truth),
    ("allow_list_posts", Kind::Truth),
    ("anonymous_list", Kind::Truth),
    ("archive_policy", Kind::Choice),
    ("archive_rendering_mode", Kind::Choice),
    ("autorespond_owner", Kind::Choice),
    ("autorespond_postings", Kind::Choice),
    ("autorespond_requests", Kind::Choice),
    ("autoresponse_grace_period", Kind::Span),
    ("autoresponse_owner_text", Kind::Text),
    ("autoresponse_postings_text", Kind::Text),
    ("autoresponse_request_text", Kind::Text),
    ("bounce_info_stale_after", Kind::Span),
    ("bounce_notify_owner_on_bounce_increment", Kind::Truth),
    ("bounce_notify_owner_on_disable", Kind::Truth),
    ("bounce_notify_owner_on_removal", Kind::Truth),
    ("bounce_score_threshold", Kind::Number),
    ("bounce_you_are_disabled_warnings", Kind::Number),
    ("bounce_you_are_disabled_warnings_interval", Kind::Span),
    ("collapse_alternatives", Kind::Truth),
    ("convert_html_to_plaintext", Kind::Truth),
    ("default_member_action", Kind::Choice),
    ("default_nonmember_action", Kind::Choice),
    ("description", Kind::Line),
    ("digest_send_periodic", Kind::Truth),
    ("digest_size_threshold", Kind::Decimal),
    ("digest_volume_frequency", Kind::Choice),
    ("digests_enabled", Kind::Truth),
    ("discard_these_nonmembers", Kind::Senders),
    ("display_name", Kind::Text),
    ("dmarc_addresses", Kind::Senders),
    ("dmarc_mitigate_action", Kind::Choice),
    ("dmarc_mitigate_unconditionally", Kind::Truth),
    ("dmarc_moderation_notice", Kind::Text),
    ("dmarc_wrapped_message_text", Kind::Text),
    ("emergency", Kind::Truth),
    ("filter_action", Kind::Choice),
    ("filter_content", Kind::Truth),
    ("filter_extensions", Kind::Texts),
    ("filter_types", Kind::Texts),
    ("first_strip_reply_to", Kind::Truth),
    ("forward_unrecognized_bounces_to", Kind::Choice),
    ("gateway_to_mail", Kind::Truth),
    ("gateway_to_news", Kind::Truth),
    ("hold_these_nonmembers", Kind::Senders),
    ("include_rfc2369_headers", Kind::Truth),
    ("info", Kind::Text),
    ("linked_newsgroup", Kind::Text),
    ("max_days_to_hold", Kind::Number),
    ("max_message_size", Kind::Number),
    ("max_num_recipients", Kind::Number),
    ("member_roster_visibility", Kind::Choice),
    ("moderator_password", Kind::Password),
    ("newsgroup_moderation", Kind::Choice),
    ("nntp_prefix_subject_too", Kind::Truth),
    ("pass_extensions", Kind::Texts),
    ("pass_types", Kind::Texts),
    ("personalize", Kind::Choice),
    ("posting_pipeline", Kind::Pipeline),
    ("preferred_language", Kind::Language),
    ("process_bounces", Kind::Truth),
    ("reject_these_nonmembers", Kind::Senders),
    ("reply_goes_to_list", Kind::Choice),
    ("reply_to_address", Kind::Text),
    ("require_explicit_destination", Kind::Truth),
    ("respond_to_post_requests", Kind::Truth),
    ("send_goodbye_message", Kind::Truth),
    ("send_welcome_message", Kind::Truth),
    ("subject_prefix", Kind::Text),
    ("subscription_policy", Kind::Choice),
    ("unsubscription_policy", Kind::Choice),
];

/// Those that may only be read.
pub(crate) const READ_ONLY: [&str; 17] = [
    "bounces_address",
    "created_at",
    "digest_last_sent_at",
    "fqdn_listname",
    "join_address",
    "last_post_at",
    "leave_address",
    "list_name",
    "mail_host",
    "next_digest_number",
    "no_reply_address",
    "owner_address",
    "post_id",
    "posting_address",
    "request_address",
    "usenet_watermark",
    "volume",
];

/// Those of version 3.0 alone, and the texts whose addresses they are.
pub(crate) const ADDRESSES: [(&str, &str); 6] = [
    ("digest_footer_uri", "list:member:digest:footer"),
    ("digest_header_uri", "list:member:digest:header"),
    ("footer_uri", "list:member:regular:footer"),
    ("goodbye_message_uri", "list:user:notice:goodbye"),
    ("header_uri", "list:member:regular:header"),
    ("welcome_message_uri", "list:user:notice:welcome"),
];

/// How an attribute is read that may be set: Mailman's, or one of ours.
pub(crate) fn writable(name: &str) -> Option<Kind> {
    let mailmans = WRITABLE.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    mailmans.or_else(|| ListSettings::KEYS.iter().any(|(known, _)| *known == name).then_some(Kind::Own))
}

/// True if an attribute may only be read.
pub(crate) fn is_read_only(name: &str) -> bool {
    READ_ONLY.contains(&name)
}

/// The text whose address an attribute of version 3.0 is.
pub(crate) fn text_of(name: &str) -> Option<&'static str> {
    ADDRESSES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The words a setting knows, in the order in which they are declared.
pub(crate) fn words(name: &str) -> Vec<&'static str> {
    let guide = ListSettings::guide().into_iter().find(|setting| setting.name == name);
    match guide.map(|setting| setting.kind) {
        Some(SettingKind::Choice(words)) => words.iter().map(|(word, _)| *word).collect(),
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_a_setting_of_its_kind() {
        for (name, kind) in WRITABLE {
            assert!(ListSettings::default().get(name).is_ok(), "{name} is no setting");
            assert_eq!(kind == Kind::Choice, !words(name).is_empty(), "{name}");
            assert!(!is_read_only(name));
        }
        assert!(WRITABLE.is_sorted_by(|a, b| a.0 < b.0) && READ_ONLY.is_sorted());
        assert_eq!(words("filter_action").first(), Some(&"hold"));
        assert_eq!(writable("footer"), Some(Kind::Own));
        assert_eq!(writable("volume"), None);
    }
}
