//! Texts with `$variables`, as owners write them.

use std::borrow::Cow;

use posthaste_model::{MailingList, SubAddress};

use crate::facts::SiteFacts;

/// The variables that differ from recipient to recipient.
pub(crate) const PER_RECIPIENT: &[&str] = &[
    "member",
    "unsubscribe_url",
    "user_address",
    "user_delivered_to",
    "user_email",
    "user_language",
    "user_name",
    "user_name_or_address",
    "user_name_or_email",
    "user_to",
];

/// Replaces `$name` and `${name}` by what `lookup` knows and `$$` by `$`; what it does not know stays as written.
pub fn expand<'v>(template: &str, lookup: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name { name, source } => match lookup(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(source),
            },
        }
    }
    out
}

/// Replaces what `lookup` knows, and leaves a template in which only the names in `later` are variables.
pub(crate) fn expand_but<'v>(
    template: &str,
    later: &[&str],
    lookup: impl Fn(&str) -> Option<Cow<'v, str>>,
) -> String {
    let literal = |text: &str| text.replace('$', "$$");
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(&literal(text)),
            Piece::Name { name, source: _ } if later.contains(&name) => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            Piece::Name { name, source } => match lookup(name) {
                Some(value) => out.push_str(&literal(&value)),
                None => out.push_str(&literal(source)),
            },
        }
    }
    out
}

/// True if one of `names` is a variable of the template.
pub(crate) fn mentions(template: &str, names: &[&str]) -> bool {
    pieces(template).iter().any(|p| matches!(p, Piece::Name { name, .. } if names.contains(name)))
}

/// The variables of a template, in the order they stand there.
pub fn names(template: &str) -> Vec<&str> {
    let name = |piece| match piece {
        Piece::Name { name, .. } => Some(name),
        Piece::Text(_) => None,
    };
    pieces(template).into_iter().filter_map(name).collect()
}

/// The value of a variable that every text about a list may use.
pub fn list_variable(list: &MailingList, site: &SiteFacts, name: &str) -> Option<Cow<'static, str>> {
    let settings = &list.settings;
    let page = |path: &str| site.base_url.as_ref().map(|base| format!("{base}/{path}"));
    let of_list = |path: &str| page(&format!("lists/{}{path}", list.list_id));
    Some(Cow::Owned(match name {
        "site_email" => site.owner.clone(),
        "listname" | "fqdn_listname" => list.name.to_string(),
        "list_id" => list.list_id.to_string(),
        "display_name" => settings.display_name.clone(),
        "short_listname" | "list_name" => list.name.local().to_owned(),
        "domain" | "mail_host" => list.name.host().to_owned(),
        "description" => settings.description.clone(),
        "info" => settings.info.clone(),
        "request_email" | "request_address" => list.name.address(SubAddress::Request),
        "owner_email" => list.name.address(SubAddress::Owner),
        "language" => settings.preferred_language.clone(),
        "base_url" => site.base_url.clone()?,
        "mailinglist_url" => of_list("")?,
        "held_message_url" => of_list("/held_messages")?,
        "pending_subscriptions_url" => of_list("/subscription_requests")?,
        "pending_unsubscriptions_url" => of_list("/unsubscription_requests")?,
        "domain_url" => page(&format!("domains/{}", list.name.host()))?,
        _ => return None,
    }))
}

enum Piece<'t> {
    Text(&'t str),
    Name { name: &'t str, source: &'t str },
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let after = from.get(1..).unwrap_or_default();
        let (piece, length) = if after.starts_with('$') {
            (Piece::Text("$"), 2)
        } else {
            match variable(after) {
                Some((name, length)) => {
                    (Piece::Name { name, source: from.get(..=length).unwrap_or_default() }, 1 + length)
                }
                None => (Piece::Text("$"), 1),
            }
        };
        pieces.push(piece);
        rest = from.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The name behind a dollar, and how long it is written.
fn variable(text: &str) -> Option<(&str, usize)> {
    if let Some(inner) = text.strip_prefix('{') {
        let (name, _) = inner.split_once('}')?;
        return (name_length(name) == name.len() && !name.is_empty()).then_some((name, name.len() + 2));
    }
    let length = name_length(text);
    (length > 0).then(|| text.get(..length).map(|name| (name, length)))?
}

fn name_length(text: &str) -> usize {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if first { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<Cow<'static, str>> {
        match name {
            "a" => Some("1$b".into()),
            "b_2" => Some("two".into()),
            _ => None,
        }
    }

    #[test]
    fn expansion() {
        for (template, wanted) in [
            ("$a ${b_2}x $$a $dummy ${dummy} $ $5 ${ ${a", "1$b twox $a $dummy ${dummy} $ $5 ${ ${a"),
            ("$b_2.$a", "two.1$b"),
            ("$", "$"),
            ("", ""),
            ("ü$a日", "ü1$b日"),
        ] {
            assert_eq!(expand(template, lookup), wanted, "{template}");
        }
    }

    #[test]
    fn two_steps_give_what_one_gives() {
        let template = "$a $later $$later ${b_2} $dummy $$ $";
        let later = |name: &str| (name == "later").then(|| Cow::from("L$a"));
        let first = expand_but(template, &["later"], lookup);
        assert!(mentions(&first, &["later"]) && !mentions(&first, &["a", "b", "dummy"]), "{first}");
        assert_eq!(expand(&first, later), expand(template, |n| lookup(n).or_else(|| later(n))));
    }
}
