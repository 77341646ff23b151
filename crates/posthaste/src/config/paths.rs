use std::path::PathBuf;

use super::key::section;

section! {
    /// Where things are kept. A relative path begins at the folder of the configuration file.
    Paths in "paths" {
        /// The folder for all state: the spool, the directory snapshot, the control socket, and the database if it is
        /// SQLite. It must be on a local disk; the spool's durability is that disk's.
        restart state: PathBuf = PathBuf::from("/var/lib/posthaste");
        /// The folder of texts that stand in place of the built-in ones: files `lists/LIST-ID/LANGUAGE/NAME.txt`,
        /// `domains/HOST/LANGUAGE/NAME.txt`, `site/LANGUAGE/NAME.txt`. Unset: `templates` in the state folder.
        restart templates: Option<PathBuf> = None, example "\"/etc/posthaste/templates\"";
    }
}
