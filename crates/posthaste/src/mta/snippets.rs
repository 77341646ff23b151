//! The lines a mail server needs, as they stand in its files.

use posthaste_lists::Names;

use super::{destination, write};
use crate::config::{Config, Listen, Maps};

/// What stands in Postfix's `main.cf`.
pub(crate) fn postfix(config: &Config, names: &Names) -> String {
    let to = destination(config);
    let domains: Vec<&str> = handed(names);
    let mut lines = vec![
        "# For /etc/postfix/main.cf. Add to what stands there already; then: postfix reload".to_owned(),
        "recipient_delimiter = +".to_owned(),
        "owner_request_special = no".to_owned(),
        "unknown_local_recipient_reject_code = 550".to_owned(),
    ];
    let folder = write::folder(config);
    let table = |name: &str| format!("{}:{}/{name}", config.mta.maps.as_str(), folder.display());
    let asked = |name: &str, lookup: &Listen| match lookup {
        Listen::Tcp(address) => {
            format!("socketmap:inet:{}:{}:{name}", super::reached(address.ip()), address.port())
        }
        Listen::Unix(path) => format!("socketmap:unix:{}:{name}", path.display()),
    };
    let (lmtp, relay, aliases) = match (&config.mta.lookup, config.mta.maps) {
        (Some(lookup), _) => (asked("transport", lookup), asked("domains", lookup), asked("aliases", lookup)),
        (None, Maps::None) => {
            let inline = |domain: &&str| format!("{{ {domain} = {to} }}");
            let rows: Vec<_> = domains.iter().map(inline).collect();
            (format!("inline:{{ {} }}", rows.join(", ")), domains.join(", "), String::new())
        }
        (None, _) => (table("postfix_lmtp"), table("postfix_domains"), table("postfix_vmap")),
    };
    lines.push(format!("transport_maps = {lmtp}"));
    lines.push(format!("relay_domains = {relay}"));
    if config.mta.maps == Maps::None && config.mta.lookup.is_none() {
        lines.push("# Postfix asks Posthaste whether a list exists:".into());
        lines.push(
            "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_unverified_recipient"
                .into(),
        );
        lines.push("unverified_recipient_reject_code = 550".into());
    } else {
        lines.push(format!("local_recipient_maps = $alias_maps proxy:unix:passwd.byname {lmtp}"));
        lines.push(format!("relay_recipient_maps = {lmtp}"));
    }
    if names.lists.iter().any(|list| names.alias(list.host()).is_some()) && !aliases.is_empty() {
        lines.push(format!("virtual_alias_maps = {aliases}"));
    }
    if domains.is_empty() {
        lines.push(
            "# There are no lists yet: posthaste domain add, posthaste list create; then ask again.".into(),
        );
    }
    lines.join("\n")
}

/// What stands in Exim's configuration.
pub(crate) fn exim(config: &Config, names: &Names) -> String {
    let domains = handed(names).join(" : ");
    let hosts = match &config.lmtp.listen {
        Listen::Tcp(address) => {
            format!(
                "  driver = smtp\n  protocol = lmtp\n  hosts = {}\n  port = {}\n  allow_localhost\n  rcpt_include_affixes",
                super::reached(address.ip()),
                address.port()
            )
        }
        Listen::Unix(path) => format!(
            "  driver = lmtp\n  socket = {}\n  batch_max = 100\n  rcpt_include_affixes",
            path.display()
        ),
    };
    format!(
        "# Among the routers, before the one for local users:
posthaste:
  driver = accept
  domains = {domains}
  local_part_suffix = +*
  local_part_suffix_optional
  transport = posthaste_lmtp

# Among the transports:
posthaste_lmtp:
{hosts}

# In the ACL for RCPT, so that Exim asks Posthaste whether a list exists:
  deny  domains = {domains}
        !verify = recipient/callout=10s,defer_ok"
    )
}

/// The domains whose mail Postfix hands over: those of the lists, or what stands in for them.
fn handed(names: &Names) -> Vec<&str> {
    let mut domains: Vec<&str> =
        names.lists.iter().map(|list| names.alias(list.host()).unwrap_or(list.host())).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

#[cfg(test)]
mod tests {
    use posthaste_model::ListName;

    use super::*;

    #[test]
    fn lines_name_our_own_doors_and_tables() {
        let names =
            Names { lists: vec![ListName::parse("dev@lists.example.org").unwrap()], ..Names::default() };
        let mut config = Config::default();
        let text = postfix(&config, &names);
        assert!(
            text.contains("transport_maps = inline:{ { lists.example.org = lmtp:[127.0.0.1]:8024 } }"),
            "{text}"
        );
        assert!(text.contains("relay_domains = lists.example.org\n"), "{text}");
        config.mta.maps = Maps::Lmdb;
        config.mta.maps_folder = Some("/m".into());
        let text = postfix(&config, &names);
        assert!(
            text.contains("transport_maps = lmdb:/m/postfix_lmtp\nrelay_domains = lmdb:/m/postfix_domains"),
            "{text}"
        );
        config.mta.lookup = Some(Listen::loopback(8025));
        let text = postfix(&config, &names);
        assert!(text.contains("transport_maps = socketmap:inet:127.0.0.1:8025:transport\n"), "{text}");
        let text = exim(&config, &names);
        assert!(text.contains("domains = lists.example.org\n") && text.contains("port = 8024"), "{text}");
        config.lmtp.listen = Listen::Unix("/run/p".into());
        assert!(exim(&config, &names).contains("socket = /run/p"));
    }
}
