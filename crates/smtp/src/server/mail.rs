use posthaste_model::ReversePath;

use super::command::number;
use super::content::too_large;
use super::session::{Hello, Mode, Open, Session, Step};
use super::{Limits, ask, path};
use crate::Reply;

impl Session {
    /// RFC 5321 §4.1.1.2.
    pub(super) fn mail(&mut self, argument: &str) -> Option<Step> {
        let Some(hello) = self.hello else {
            self.scold(&Reply::new(503, (5, 5, 1), "Introduce yourself first"));
            return None;
        };
        self.turned_away = false;
        if self.open.is_some() {
            self.scold(&Reply::new(
                503,
                (5, 5, 1),
                "One transaction at a time, send RSET to give this one up",
            ));
            return None;
        }
        match open(argument, hello, &self.options.limits) {
            Ok(open) => {
                self.mode = Mode::AwaitReady(open);
                return Some(Step::Ready);
            }
            // Too large, or an address of the wrong kind: refused, but well written.
            Err(reply) if matches!(reply.code, 552 | 553) => self.say(&reply),
            Err(reply) => self.scold(&reply),
        }
        None
    }

    /// The answer to [`Step::Ready`].
    pub fn answer_ready(&mut self, answer: Result<(), Reply>) {
        let Mode::AwaitReady(open) = std::mem::replace(&mut self.mode, Mode::Command) else { return };
        match answer {
            Ok(()) => {
                self.open = Some(open);
                self.say(&Reply::new(250, (2, 1, 0), "Ok"));
            }
            Err(reply) => {
                self.turned_away = true;
                self.say(&ask::our_fault(reply));
            }
        }
    }
}

fn open(argument: &str, hello: Hello, limits: &Limits) -> Result<Open, Reply> {
    let bad_address = || Reply::new(501, (5, 1, 7), "The sender is not <address> or <>");
    let (text, parameters) = path::parse(argument).ok_or_else(bad_address)?;
    if !(parameters.is_empty() || parameters.starts_with(' ')) {
        return Err(bad_address());
    }
    let parameters = Parameters::parse(parameters, hello)?;
    if !(text.is_ascii() || parameters.smtputf8) {
        return Err(path::needs_smtputf8());
    }
    let size = parameters.size.unwrap_or_default();
    if size > limits.message_size as u64 {
        return Err(too_large(limits));
    }
    Ok(Open {
        reverse_path: ReversePath::parse(text).map_err(|_| bad_address())?,
        smtputf8: parameters.smtputf8,
        size: size as usize,
        forward_paths: Vec::new(),
        content: None,
    })
}

/// The parameters of MAIL we announce; BODY is checked and forgotten, for we take octets as they come.
#[derive(Debug, Default)]
struct Parameters {
    size: Option<u64>,
    body: bool,
    smtputf8: bool,
}

impl Parameters {
    fn parse(text: &str, hello: Hello) -> Result<Self, Reply> {
        let mut found = Self::default();
        for word in text.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            let key = key.to_ascii_uppercase();
            let good = match (key.as_str(), value) {
                _ if hello == Hello::Plain => return Err(unknown(&key)),
                ("SIZE", Some(size)) if found.size.is_none() => {
                    found.size = number(size);
                    found.size.is_some()
                }
                // RFC 6152 §3. BINARYMIME is not announced.
                ("BODY", Some(body)) => {
                    let known = body.eq_ignore_ascii_case("7BIT") || body.eq_ignore_ascii_case("8BITMIME");
                    known && !std::mem::replace(&mut found.body, true)
                }
                ("SMTPUTF8", None) => !std::mem::replace(&mut found.smtputf8, true),
                ("SIZE" | "SMTPUTF8", _) => false,
                _ => return Err(unknown(&key)),
            };
            if !good {
                return Err(Reply::new(
                    501,
                    (5, 5, 4),
                    format!("The parameter {key} is wrong or stands twice"),
                ));
            }
        }
        Ok(found)
    }
}

/// RFC 5321 §4.1.1.11.
pub(super) fn unknown(key: &str) -> Reply {
    let key: String = key.chars().filter(char::is_ascii_graphic).take(40).collect();
    Reply::new(555, (5, 5, 4), format!("The parameter {key} is not known here"))
}
