//! Commands by mail: what a message asks for. Pure; [`crate::runners`] does it.

mod parse;
mod ruling;
mod settings;
mod text;
mod verb;

pub(crate) use self::parse::{Line, read_script};
pub(crate) use self::ruling::{Ruling, first_words};
pub(crate) use self::settings::{Setting, show_changes, show_settings};
pub(crate) use self::verb::{Command, Problem, VERBS, WhoArguments};
