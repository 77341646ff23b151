use super::Config;
use super::key::Change;

/// The keys (`section.key`) that differ between two configurations and take effect only after a restart. All others
/// that differ take effect at a reload.
pub(crate) fn reloadable_diff(old: &Config, new: &Config) -> Vec<String> {
    changed(old, new).filter(|(_, change)| *change == Change::Restart).map(|(key, _)| key).collect()
}

/// The keys that differ, in the order of the reference.
fn changed(old: &Config, new: &Config) -> impl Iterator<Item = (String, Change)> {
    let keys = |config: &Config| -> Vec<_> { config.sections().iter().flat_map(|s| s.keys()).collect() };
    keys(old)
        .into_iter()
        .zip(keys(new))
        .filter(|(old, new)| old.default != new.default)
        .map(|(_, new)| (new.full(), new.change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("posthaste.toml")).unwrap()
    }

    #[test]
    fn says_what_needs_a_restart() {
        let plain = config("");
        for (text, restart) in [
            ("", ""),
            ("[site]\nowner = \"a@example.org\"", ""),
            ("[relay]\nhost = \"mx.example.org\"\ntls = \"starttls\"\nmax_connections = 3", ""),
            ("[dns]\nservers = [\"127.0.0.1:53\"]", ""),
            ("[log]\nlevel = \"debug\"", ""),
            ("[limits]\nmessage_size = \"1MiB\"", "limits.message_size"),
            ("[log]\nformat = \"json\"", "log.format"),
            ("[paths]\nstate = \"/srv/posthaste\"", "paths.state"),
            ("[database]\nurl = \"sqlite:/x.db\"", "database.url"),
            (
                "[smtp]\nlisten = \"127.0.0.1:26\"\n[lmtp]\nlisten = \"unix:/run/p\"",
                "lmtp.listen smtp.listen",
            ),
            ("[spool]\nreserve = \"1GiB\"", "spool.reserve"),
            ("[relay]\nport = 26\n[rest]\nlisten = \"127.0.0.1:8001\"", "rest.listen"),
        ] {
            assert_eq!(reloadable_diff(&plain, &config(text)).join(" "), restart, "{text}");
            assert_eq!(reloadable_diff(&config(text), &plain).join(" "), restart, "back from {text}");
        }
    }

    #[test]
    fn where_a_key_stands_does_not_matter() {
        let a = config("[relay]\nport = 26");
        let b = config("\n\n# moved\n[relay]\nport = 26");
        assert_eq!(changed(&a, &b).count(), 0);
    }
}
