use posthaste_model::{Address, DeliveryMode, DeliveryStatus};

use super::settings::Setting;
use crate::subscription::is_token;

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// Become a member.
    Join {
        /// How to get the list's mail.
        mode: Option<DeliveryMode>,
        /// Under another address than the sender's.
        address: Option<Address>,
    },
    /// Be a member no more.
    Leave,
    /// Say yes.
    Confirm(String),
    /// Say that nothing of the kind is wanted any more.
    Never(String),
    /// Tell what can be done.
    Help(Option<String>),
    /// Tell who the members are.
    Who(WhoArguments),
    /// Show how I get the list's mail.
    Show,
    /// Change it.
    Set(Vec<Setting>),
    /// Repeat this.
    Echo(String),
    /// Read no further.
    End,
}

/// Whom `who` is to name; `None` = all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct WhoArguments {
    /// Those whose delivery is switched on, or off.
    pub(crate) enabled: Option<bool>,
    /// Those who get digests, or not.
    pub(crate) digest: Option<bool>,
}

/// Why a line is no command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Problem {
    /// There is no such command.
    Unknown(String),
    /// Not what this command takes.
    Argument(String),
    /// A command that needs its argument.
    Missing(&'static str),
    /// No token of ours.
    NoToken(String),
}

/// Every verb with the one it stands for, and what may follow it.
pub(crate) const VERBS: &[(&str, &str, &str)] = &[
    ("confirm", "confirm", "TOKEN"),
    ("echo", "echo", "..."),
    ("end", "end", ""),
    ("help", "help", "[COMMAND]"),
    ("join", "join", "[digest=no|mime|plain] [address=USER@DOMAIN]"),
    ("leave", "leave", ""),
    ("never", "never", "TOKEN"),
    ("preferences", "set", ""),
    ("set", "set", "[NAME VALUE]"),
    ("stop", "end", ""),
    ("subscribe", "join", "[digest=no|mime|plain] [address=USER@DOMAIN]"),
    ("unsubscribe", "leave", ""),
    ("who", "who", "[delivery=enabled|disabled] [mode=digest|regular]"),
];

impl Command {
    /// Reads the words of one line: the command is the first of them or, behind `Re:` and the like, the second.
    pub(crate) fn read(words: &[&str]) -> Result<Self, Problem> {
        let verb = |word: &&str| {
            let word = word.to_lowercase();
            VERBS.iter().find(|(verb, ..)| *verb == word).map(|(_, meant, _)| *meant)
        };
        let (verb, arguments) = match words {
            [first, rest @ ..] if verb(first).is_some() => (verb(first), rest),
            [_, second, rest @ ..] if verb(second).is_some() => (verb(second), rest),
            _ => {
                let tried = words.get(1).or_else(|| words.first()).copied().unwrap_or_default();
                return Err(Problem::Unknown(tried.to_owned()));
            }
        };
        Ok(match verb.unwrap_or_default() {
            "join" => join(arguments)?,
            "leave" => Self::Leave,
            "confirm" => Self::Confirm(token("confirm", arguments)?),
            "never" => Self::Never(arguments.first().ok_or(Problem::Missing("never"))?.to_ascii_lowercase()),
            "help" => match arguments {
                [] => Self::Help(None),
                [one] => Self::Help(Some(one.to_lowercase())),
                [_, more, ..] => return Err(Problem::Argument((*more).to_owned())),
            },
            "who" => Self::Who(who(arguments)?),
            "set" => match arguments {
                [] => Self::Show,
                [one] if one.eq_ignore_ascii_case("show") => Self::Show,
                _ => Self::Set(Setting::read_all(arguments)?),
            },
            "echo" => Self::Echo(arguments.join(" ")),
            _ => Self::End,
        })
    }

    /// True if nothing is read behind it.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::End | Self::Confirm(_) | Self::Never(_))
    }
}

fn token(verb: &'static str, arguments: &[&str]) -> Result<String, Problem> {
    let Some(word) = arguments.first() else { return Err(Problem::Missing(verb)) };
    let token = word.to_ascii_lowercase();
    if is_token(&token) { Ok(token) } else { Err(Problem::NoToken((*word).to_owned())) }
}

fn join(arguments: &[&str]) -> Result<Command, Problem> {
    let (mut mode, mut address) = (None, None);
    for argument in arguments {
        let wrong = || Problem::Argument((*argument).to_owned());
        let (key, value) = argument.split_once('=').ok_or_else(wrong)?;
        match key.to_lowercase().as_str() {
            "digest" => mode = Some(digest(value).ok_or_else(wrong)?),
            "address" => address = Some(Address::parse(value).map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
    }
    Ok(Command::Join { mode, address })
}

/// How `digest=` names the ways to get a list's mail.
pub(super) fn digest(value: &str) -> Option<DeliveryMode> {
    Some(match value.to_lowercase().as_str() {
        "no" | "off" | "regular" => DeliveryMode::Regular,
        "mime" | "yes" | "on" => DeliveryMode::MimeDigests,
        "plain" => DeliveryMode::PlaintextDigests,
        _ => return None,
    })
}

fn who(arguments: &[&str]) -> Result<WhoArguments, Problem> {
    let mut asked = WhoArguments::default();
    for argument in arguments {
        match argument.to_lowercase().as_str() {
            "delivery=enabled" => asked.enabled = Some(true),
            "delivery=disabled" => asked.enabled = Some(false),
            "mode=digest" => asked.digest = Some(true),
            "mode=regular" => asked.digest = Some(false),
            _ => return Err(Problem::Argument((*argument).to_owned())),
        }
    }
    Ok(asked)
}

impl WhoArguments {
    /// True if somebody with these is among those asked for.
    pub(crate) fn meets(self, status: DeliveryStatus, mode: DeliveryMode) -> bool {
        self.enabled.is_none_or(|wanted| wanted == (status == DeliveryStatus::Enabled))
            && self.digest.is_none_or(|wanted| wanted == (mode != DeliveryMode::Regular))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::settings::SettingKey;

    #[test]
    fn lines() {
        let token = "0123456789abcdef0123456789abcdef01234567";
        let join = |mode, address: Option<&str>| {
            Ok(Command::Join { mode, address: address.map(|a| Address::parse(a).unwrap()) })
        };
        let unknown = |word: &str| Err(Problem::Unknown(word.into()));
        let argument = |word: &str| Err(Problem::Argument(word.into()));
        for (line, wanted) in [
            ("join", join(None, None)),
            ("SUBSCRIBE", join(None, None)),
            ("Re: join", join(None, None)),
            ("join digest=no", join(Some(DeliveryMode::Regular), None)),
            ("join digest=Mime", join(Some(DeliveryMode::MimeDigests), None)),
            (
                "join digest=plain address=Bart@Example.com",
                join(Some(DeliveryMode::PlaintextDigests), Some("Bart@Example.com")),
            ),
            ("join digest=maybe", argument("digest=maybe")),
            ("join now", argument("now")),
            ("join colour=red", argument("colour=red")),
            ("join address=nobody", argument("address=nobody")),
            ("leave", Ok(Command::Leave)),
            ("unsubscribe please", Ok(Command::Leave)),
            ("stop it", Ok(Command::End)),
            ("end", Ok(Command::End)),
            ("echo  A  b", Ok(Command::Echo("A b".into()))),
            ("help", Ok(Command::Help(None))),
            ("help Join", Ok(Command::Help(Some("join".into())))),
            ("help join leave", argument("leave")),
            ("confirm", Err(Problem::Missing("confirm"))),
            ("confirm 1234", Err(Problem::NoToken("1234".into()))),
            (&format!("Ré: CONFIRM {}", token.to_uppercase()), Ok(Command::Confirm(token.into()))),
            ("Never 61.AB", Ok(Command::Never("61.ab".into()))),
            ("never", Err(Problem::Missing("never"))),
            ("preferences", Ok(Command::Show)),
            ("set show", Ok(Command::Show)),
            ("set ack on", Ok(Command::Set(vec![Setting { key: SettingKey::Ack, value: "on".into() }]))),
            ("who", Ok(Command::Who(WhoArguments::default()))),
            (
                "who mode=digest mode=regular",
                Ok(Command::Who(WhoArguments { enabled: None, digest: Some(false) })),
            ),
            ("who everybody", argument("everybody")),
            ("hello world again", unknown("world")),
            ("hello", unknown("hello")),
        ] {
            assert_eq!(Command::read(&line.split_whitespace().collect::<Vec<_>>()), wanted, "{line}");
        }
    }
}
