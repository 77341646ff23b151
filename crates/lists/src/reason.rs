//! Why a post is held, sent back or dropped.

use std::fmt;

use posthaste_model::Action;

/// Why a post is not simply let through, in a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The rule or step that says so.
    pub rule: &'static str,
    /// The sentence; authors and moderators read it.
    pub text: String,
    /// What is to happen, if the rule itself knows (moderation).
    pub action: Option<Action>,
}

impl Reason {
    /// A reason of this rule; what happens is written in the table of rules.
    pub fn new(rule: &'static str, text: impl Into<String>) -> Self {
        Self { rule, text: text.into(), action: None }
    }

    /// The same, asking for this action.
    #[must_use]
    pub fn asking(self, action: Action) -> Self {
        Self { action: Some(action), ..self }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
