use std::path::PathBuf;

use super::key::section;
use super::listen::Listen;
use super::value::choice;

section! {
    /// What the mail server in front is told of the lists. `posthaste mta postfix` and `posthaste mta exim` print the lines
    /// it needs; with a domain of its own for lists it needs none of these keys.
    Mta in "mta" {
        /// Tables for Postfix, written anew whenever a list or domain comes or goes: `none`; `regexp` and `texthash`, which
        /// Postfix reads as they are; `hash` and `lmdb`, which `postmap` compiles.
        live maps: Maps = Maps::None;
        /// Where they are written: `postfix_lmtp`, `postfix_domains`, `postfix_vmap`. Unset: `mta` in the state folder.
        live maps_folder: Option<PathBuf> = None, example "\"/var/lib/posthaste-maps\"";
        /// The program that compiles them.
        live postmap: PathBuf = PathBuf::from("/usr/sbin/postmap");
        /// A folder that has one empty folder for each list, named by its list-id: routers written for Mailman in Exim look
        /// there. Unset: none is kept.
        live exim_lists: Option<PathBuf> = None, example "\"/var/lib/mailman3/lists\"";
        /// `ip:port`, or `unix:/path`, where Postfix may ask for a list by `socketmap:` or `tcp:`. Unset: nowhere.
        restart lookup: Option<Listen> = None, example "\"127.0.0.1:8025\"";
    }
}

choice! {
    /// A kind of Postfix table.
    Maps {
        /// None.
        None = "none",
        /// Regular expressions.
        Regexp = "regexp",
        /// Plain text.
        Texthash = "texthash",
        /// Berkeley DB.
        Hash = "hash",
        /// LMDB.
        Lmdb = "lmdb",
    }
}

impl Maps {
    /// True if `postmap` makes it from text.
    pub(crate) const fn is_compiled(self) -> bool {
        matches!(self, Self::Hash | Self::Lmdb)
    }
}
