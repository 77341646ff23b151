use super::key::section;
use super::value::choice;

section! {
    /// What is written to standard error.
    Log in "log" {
        /// `text` for people, `json` for programs: one object a line.
        restart format: Format = Format::Text;
        /// The least serious thing written. Addresses of members appear at `debug` and below only.
        live level: Level = Level::Info;
    }
}

choice! {
    /// The shape of a log line.
    Format {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
    }
}

choice! {
    /// How serious a log line is.
    Level {
        /// Something failed that somebody must see to.
        Error = "error",
        /// Something is not as it should be.
        Warn = "warn",
        /// What the server does.
        Info = "info",
        /// How it does it.
        Debug = "debug",
        /// Every step.
        Trace = "trace",
    }
}
