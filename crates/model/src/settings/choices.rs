use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::value::{SettingKind, SettingValue};

macro_rules! choices {
    ($( $(#[$doc:meta])* $name:ident { $( #[doc = $vdoc:literal] $variant:ident = $text:literal ),+ $(,)? } )+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $( #[doc = $vdoc] #[serde(rename = $text)] $variant ),+ }

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
            fn kind() -> SettingKind {
                SettingKind::Choice(&[$(($text, $vdoc)),+])
            }

            fn read(value: &Value) -> Result<Self, String> {
                value.as_str().unwrap_or_default().parse()
            }
        }
    )+ };
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
