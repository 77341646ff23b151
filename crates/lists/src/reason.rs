//! Why a post is held, sent back or dropped.

use std::borrow::Cow;
use std::fmt;

use posthaste_model::Action;

use crate::templates::phrase;

/// Why a post is not simply let through, in a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The rule or step that says so.
    pub rule: &'static str,
    /// The sentence in English; logs and moderators read it.
    pub text: String,
    /// What is to happen, if the rule itself knows (moderation).
    pub action: Option<Action>,
    /// What the hit is called where rules are counted, if not by the rule's name.
    pub called: Option<String>,
    said: Option<Said>,
}

/// The sentence as a phrase of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    key: &'static str,
    vars: Vec<(&'static str, String)>,
}

impl Said {
    fn in_language(&self, languages: &[&str]) -> String {
        let vars: Vec<_> = self.vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        phrase(self.key, languages, &vars)
    }
}

impl Reason {
    /// A reason of this rule; what happens is written in the table of rules.
    pub fn new(rule: &'static str, text: impl Into<String>) -> Self {
        Self { rule, text: text.into(), action: None, called: None, said: None }
    }

    /// The same as a phrase of the catalogue (`reason.max-size`), which authors read in their own language.
    pub fn phrase(
        rule: &'static str,
        key: &'static str,
        vars: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let said = Said { key, vars: vars.into_iter().collect() };
        Self { rule, text: said.in_language(&["en"]), action: None, called: None, said: Some(said) }
    }

    /// The same, asking for this action.
    #[must_use]
    pub fn asking(self, action: Action) -> Self {
        Self { action: Some(action), ..self }
    }

    /// The sentence in the first of these languages that has it.
    pub fn in_language(&self, languages: &[&str]) -> String {
        self.said.as_ref().map_or_else(|| self.text.clone(), |said| said.in_language(languages))
    }

    /// The same, going by this name in X-Mailman-Rule-Hits.
    #[must_use]
    pub fn called(self, name: String) -> Self {
        Self { called: Some(name), ..self }
    }

    /// The name of the hit.
    pub(crate) fn hit_name(&self) -> Cow<'static, str> {
        self.called.clone().map_or(Cow::Borrowed(self.rule), Cow::Owned)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
