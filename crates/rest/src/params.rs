//! What a request says besides its path: query, form and JSON, merged.

use serde_json::Value as Json;

use crate::fault::Fault;
use crate::percent;

/// What was given under one name.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    /// Once, as text.
    One(String),
    /// Several times, or as a list of texts.
    Many(Vec<String>),
    /// Something else that JSON knows.
    Json(Json),
}

impl Value {
    /// As text, if it is one: numbers and truth values as Python writes them, null as nothing.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::One(text) => Some(text.clone()),
            Self::Many(_) | Self::Json(Json::Array(_) | Json::Object(_)) => None,
            Self::Json(Json::Null) => Some(String::new()),
            Self::Json(Json::Bool(true)) => Some("True".to_owned()),
            Self::Json(Json::Bool(false)) => Some("False".to_owned()),
            Self::Json(other) => Some(other.as_str().map_or_else(|| other.to_string(), str::to_owned)),
        }
    }

    /// As a message repeats it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Many(all) => format!("{all:?}"),
            Self::Json(value) => value.to_string(),
        }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::One(text) => text.clone().into(),
            Self::Many(all) => all.clone().into(),
            Self::Json(value) => value.clone(),
        }
    }

    fn of(value: Json) -> Self {
        match value {
            Json::String(text) => Self::One(text),
            Json::Array(values) if !values.is_empty() && values.iter().all(Json::is_string) => {
                Self::Many(values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
            }
            other => Self::Json(other),
        }
    }
}

/// Names and values, in the order in which the names first came.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Params(Vec<(String, Value)>);

impl Params {
    /// What was given under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text under this name, if there is one text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Value::text)
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Pairs; a name that comes again makes a list.
    pub(crate) fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs {
            match params.0.iter_mut().find(|(known, _)| *known == name) {
                None => params.0.push((name, Value::One(value))),
                Some((_, Value::Many(all))) => all.push(value),
                Some((_, there)) => {
                    let first = there.text().unwrap_or_default();
                    *there = Value::Many(vec![first, value]);
                }
            }
        }
        params
    }

    /// The members of a JSON object.
    pub(crate) fn of_json(body: &[u8]) -> Result<Self, Fault> {
        let bad = |text: String| Fault::Odd { title: "Invalid JSON", text };
        if body.is_empty() {
            return Err(bad("Could not parse an empty JSON body".to_owned()));
        }
        match serde_json::from_slice::<Json>(body) {
            Ok(Json::Object(map)) => Ok(Self(map.into_iter().map(|(n, v)| (n, Value::of(v))).collect())),
            Ok(_) => Err(bad("Could not parse JSON body - an object was expected".to_owned())),
            Err(error) => Err(bad(format!("Could not parse JSON body - {error}"))),
        }
    }

    /// These, and those of `other` whose names are not among them.
    fn over(mut self, other: Self) -> Self {
        let more: Vec<_> = other.0.into_iter().filter(|(name, _)| self.get(name).is_none()).collect();
        self.0.extend(more);
        self
    }
}

/// What a request says, taken apart.
pub(crate) struct Said {
    /// What validators look at.
    pub(crate) params: Params,
    /// Query and form, where `count`, `page` and `advertised` are read.
    pub(crate) outside: Params,
}

/// Merges: a form wins over the query, and does not count when somebody only looks; JSON stands alone.
pub(crate) fn merge(
    looking: bool,
    query: Option<&str>,
    content_type: &str,
    body: &[u8],
) -> Result<Said, Fault> {
    let query = Params::of_pairs(percent::pairs(query.unwrap_or_default().as_bytes()));
    let content_type = content_type.trim().to_ascii_lowercase();
    if content_type.starts_with("application/json") && !(looking && body.is_empty()) {
        return Ok(Said { params: Params::of_json(body)?, outside: query });
    }
    let form = !looking && content_type.starts_with("application/x-www-form-urlencoded");
    let form = if form { Params::of_pairs(percent::pairs(body)) } else { Params::default() };
    let both = form.over(query);
    Ok(Said { params: both.clone(), outside: both })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn forms_win_and_repeat() {
        let said = merge(false, Some("a=q&c=q"), FORM, b"a=1&b=&b=2&b=3").unwrap();
        let names: Vec<_> = said.params.names().collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(said.params.text("a").as_deref(), Some("1"));
        assert_eq!(said.params.get("b"), Some(&Value::Many(vec![String::new(), "2".into(), "3".into()])));
        let said = merge(true, Some("a=q"), FORM, b"a=1").unwrap();
        assert_eq!(said.params.text("a").as_deref(), Some("q"), "a form on GET is ignored");
        assert_eq!(merge(false, None, "text/plain", b"a=1").unwrap().params.len(), 0);
    }

    #[test]
    fn json_stands_alone() {
        let said =
            merge(false, Some("count=1&a=q"), "application/json; charset=utf-8", br#"{"b":["x"],"c":null}"#)
                .unwrap();
        assert_eq!(said.params.names().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(said.outside.text("count").as_deref(), Some("1"));
        assert_eq!(said.params.text("c").as_deref(), Some(""));
        for body in [&b""[..], b"{", b"[1]", b"7", b"\xff"] {
            let fault = merge(false, None, "application/json", body).err();
            assert!(matches!(fault, Some(Fault::Odd { title: "Invalid JSON", .. })), "{body:?}");
        }
    }
}
