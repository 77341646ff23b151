//! `help`.

use super::{Commands, Said, Session};
use crate::commands::VERBS;

impl Commands {
    pub(super) fn help(&self, session: &Session<'_>, about: Option<&str>) -> Said {
        let width = VERBS.iter().map(|(verb, ..)| verb.len()).max().unwrap_or_default();
        let short = |meant: &str| self.phrase(session, short(meant), &[]);
        let Some(about) = about else {
            let lines = VERBS.iter().map(|(verb, meant, _)| format!("{verb:width$} - {}", short(meant)));
            return Said { lines: lines.collect(), ..Said::default() };
        };
        let Some((verb, meant, arguments)) = VERBS.iter().find(|(verb, ..)| *verb == about) else {
            return Said::trouble(self.phrase(session, "command.unknown", &[("value", about)]));
        };
        let mut lines = vec![format!("{verb} {arguments}").trim_end().to_owned(), short(meant)];
        if let Some(key) = long(meant) {
            lines.extend(self.phrase(session, key, &[]).lines().map(ToOwned::to_owned));
        }
        Said { lines, ..Said::default() }
    }
}

fn short(meant: &str) -> &'static str {
    match meant {
        "confirm" => "help.confirm",
        "echo" => "help.echo",
        "end" => "help.end",
        "help" => "help.help",
        "join" => "help.join",
        "leave" => "help.leave",
        "never" => "help.never",
        "set" => "help.set",
        _ => "help.who",
    }
}

fn long(meant: &str) -> Option<&'static str> {
    Some(match meant {
        "join" => "help.join.more",
        "leave" => "help.leave.more",
        "set" => "help.set.more",
        "who" => "help.who.more",
        _ => return None,
    })
}
