//! Which settings of a list break the signatures of its authors, and what that costs.

use posthaste_model::DmarcMitigateAction::{MungeFrom, NoMitigation, WrapMessage};
use posthaste_model::{ListSettings, MailingList, Personalization, ReplyToMunging};
use serde::Serialize;

/// Something an owner should know about a setting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Lint {
    /// The setting.
    pub setting: &'static str,
    /// True if members will miss mail for it; else it is worth knowing.
    pub serious: bool,
    /// What it does.
    pub what: String,
    /// What would do instead.
    pub fix: String,
}

/// What a site does, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Signing {
    /// What we send for this list's domain is signed.
    pub signs: bool,
    /// What we pass on is sealed.
    pub seals: bool,
}

/// What breaks an author's DKIM signature on this list, and whether something makes up for it.
pub fn lint(list: &MailingList, site: Signing) -> Vec<Lint> {
    let s = &list.settings;
    let mut found: Vec<Lint> = breakers(s)
        .into_iter()
        .map(|(setting, what)| {
            let fix = if s.keep_signatures && OPTIONAL.contains(&setting) {
                "nothing: keep_signatures leaves it out of signed posts"
            } else if OPTIONAL.contains(&setting) {
                "keep_signatures = yes leaves it out of signed posts"
            } else {
                "no way around it: it must change what it changes"
            };
            Lint { setting, serious: false, what, fix: fix.into() }
        })
        .collect();
    let breaks = found.iter().any(|l| !(s.keep_signatures && OPTIONAL.contains(&l.setting)));
    let mitigates = matches!(s.dmarc_mitigate_action, MungeFrom | WrapMessage);
    if breaks && !s.anonymous_list && s.dmarc_mitigate_action == NoMitigation {
        found.push(Lint {
            setting: "dmarc_mitigate_action",
            serious: true,
            what: "posts from domains with a DMARC policy of reject or quarantine reach nobody who checks: the author's \
                   signature is broken, and nothing takes its place"
                .into(),
            fix: "dmarc_mitigate_action = munge_from".into(),
        });
    }
    if (mitigates || s.anonymous_list) && !site.signs {
        found.push(Lint {
            setting: "dmarc_mitigate_action",
            serious: false,
            what: format!("posts in the list's name bear no signature of {}", list.name.host()),
            fix: format!(
                "posthaste dkim generate {}, unless the mail server behind us signs",
                list.name.host()
            ),
        });
    }
    if s.dmarc_mitigate_unconditionally && !mitigates {
        found.push(Lint {
            setting: "dmarc_mitigate_unconditionally",
            serious: false,
            what: "it has no effect without munge_from or wrap_message".into(),
            fix: "dmarc_mitigate_unconditionally = no".into(),
        });
    }
    if breaks && !site.seals {
        found.push(Lint {
            setting: "arc",
            serious: false,
            what: "large mail providers accept changed posts more easily if an ARC seal says how they came"
                .into(),
            fix: "[dkim] seal = true in posthaste.toml, with a key for the domain".into(),
        });
    }
    found
}

/// What `keep_signatures` leaves out.
const OPTIONAL: [&str; 7] = [
    "subject_prefix",
    "header",
    "footer",
    "reply_goes_to_list",
    "first_strip_reply_to",
    "personalize",
    "receive_list_copy",
];

fn breakers(s: &ListSettings) -> Vec<(&'static str, String)> {
    let mut found = vec![];
    let mut add = |setting, breaks: bool, what: &str| {
        if breaks {
            found.push((setting, what.to_owned()));
        }
    };
    add(
        "subject_prefix",
        !s.subject_prefix.trim().is_empty(),
        "changes Subject, which nearly every signature covers",
    );
    add("header", !s.header.trim().is_empty(), "changes the text, which every signature covers");
    add("footer", !s.footer.trim().is_empty(), "changes the text, which every signature covers");
    let munges = s.reply_goes_to_list != ReplyToMunging::NoMunging;
    add(
        "reply_goes_to_list",
        munges,
        "changes Reply-To, which most signatures cover even where it is absent",
    );
    add("first_strip_reply_to", s.first_strip_reply_to, "takes Reply-To out, which most signatures cover");
    add(
        "personalize",
        s.personalize == Personalization::Full,
        "changes To, which nearly every signature covers",
    );
    add("anonymous_list", s.anonymous_list, "changes From and takes every signature out");
    add("filter_content", s.filter_content, "changes the text of posts that hold something to be filtered");
    let converts = s.filter_content && s.convert_html_to_plaintext;
    add("convert_html_to_plaintext", converts, "changes the text of posts with HTML");
    found
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ListName, ListSeed, Style, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn list(change: impl FnOnce(&mut ListSettings)) -> MailingList {
        let name = ListName::parse("dev@lists.example.org").unwrap();
        let seed = ListSeed { name, style: Style::LegacyDefault, at: Timestamp::default() };
        let mut list = seed.into_list(Uuid::nil());
        list.settings.subject_prefix.clear();
        list.settings.footer.clear();
        change(&mut list.settings);
        list
    }

    #[test]
    fn each_setting_that_breaks_is_named() {
        type Change = fn(&mut ListSettings);
        let cases: [(Change, &str); 9] = [
            (|_| {}, ""),
            (|s| s.subject_prefix = "[Dev] ".into(), "subject_prefix! arc"),
            (|s| s.footer = "x".into(), "footer! arc"),
            (|s| s.header = "x".into(), "header! arc"),
            (|s| s.reply_goes_to_list = ReplyToMunging::PointToList, "reply_goes_to_list! arc"),
            (|s| s.personalize = Personalization::Full, "personalize! arc"),
            (|s| s.filter_content = true, "filter_content! arc"),
            (
                |s| {
                    s.footer = "x".into();
                    s.keep_signatures = true;
                },
                "footer",
            ),
            (
                |s| {
                    s.footer = "x".into();
                    s.dmarc_mitigate_action = MungeFrom;
                },
                "footer dmarc_mitigate_action arc",
            ),
        ];
        for (change, wanted) in cases {
            let list = list(change);
            let mut names = vec![];
            for lint in lint(&list, Signing::default()) {
                if lint.serious {
                    let last: &mut String = names.last_mut().unwrap();
                    last.push('!');
                } else {
                    names.push(lint.setting.to_owned());
                }
            }
            assert_eq!(names.join(" "), wanted, "{:?}", list.settings);
        }
        let all = Signing { signs: true, seals: true };
        let quiet = list(|s| {
            s.dmarc_mitigate_action = MungeFrom;
            s.keep_signatures = true;
        });
        assert!(lint(&quiet, all).is_empty());
    }
}
