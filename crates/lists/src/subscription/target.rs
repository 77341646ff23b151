//! Who is counted as one when mail is rationed (P37): spellings of one mailbox, and addresses of one network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posthaste_mime::Message;
use posthaste_model::Address;

/// Received fields that are looked at.
const HOPS: usize = 5;

/// The mailbox behind an address, as far as spellings tell: lower case, what stands behind a `+` left out, and where the
/// provider ignores dots, they are left out, too.
pub fn fold_target(address: &Address) -> String {
    let (local, domain) = address.key().rsplit_once('@').unwrap_or((address.key(), ""));
    let local = local.split_once('+').map(|(head, _)| head).filter(|head| !head.is_empty()).unwrap_or(local);
    let folded = match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    };
    // The longest that the database keeps.
    folded.chars().take(255).collect()
}

/// The network from which this mail came to our mail server: the /24 or /64 in the newest Received field that names a
/// public address, or of who handed it over to us; empty if none is known.
pub fn network_of(message: &Message, client: &str) -> String {
    let fields = message.head.all("Received").take(HOPS);
    let named = fields.filter_map(|field| peer(&field.unfolded())).find_map(network);
    named
        .or_else(|| client.parse::<std::net::SocketAddr>().ok().and_then(|c| network(c.ip())))
        .unwrap_or_default()
}

/// The address in brackets of the `from` clause (RFC 5321 §4.4: the TCP-info that the receiving server saw).
fn peer(received: &str) -> Option<IpAddr> {
    let from = received.strip_prefix("from ")?;
    // Exim writes the name that the client gave itself behind its address.
    let clause = from.split(" by ").next()?.split("helo=").next()?;
    let inside = clause.rsplit_once('[')?.1.split(']').next()?;
    let bare = if inside.len() > 5 && inside.get(..5).is_some_and(|p| p.eq_ignore_ascii_case("IPv6:")) {
        inside.get(5..)?
    } else {
        inside
    };
    bare.parse().ok()
}

fn network(ip: IpAddr) -> Option<String> {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let inside = v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified();
            let [a, b, c, _] = v4.octets();
            (!inside).then(|| format!("{}/24", Ipv4Addr::new(a, b, c, 0)))
        }
        IpAddr::V6(v6) => {
            let inside =
                v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local();
            let [a, b, c, d, ..] = v6.segments();
            (!inside).then(|| format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn p37_spellings_of_one_mailbox_are_one_target() {
        for (address, wanted) in [
            ("Anne@Example.com", "anne@example.com"),
            ("anne+lists@example.com", "anne@example.com"),
            ("+x@example.com", "+x@example.com"),
            ("A.n.n.e+1@googlemail.com", "anne@gmail.com"),
            ("a.nne@gmail.com", "anne@gmail.com"),
            ("a.nne@example.com", "a.nne@example.com"),
        ] {
            assert_eq!(fold_target(&Address::parse(address).unwrap()), wanted);
        }
    }

    #[test]
    fn p37_networks() {
        let of = |head: &str, client: &str| {
            network_of(&Message::parse(Bytes::from(format!("{head}\r\n\r\n"))), client)
        };
        for (head, client, wanted) in [
            ("Received: from x (y [192.0.2.7]) by us; Mon", "127.0.0.1:1", "192.0.2.0/24"),
            ("Received: from x (y [IPv6:2001:db8:1:2:3::4])\r\n by us", "unix", "2001:db8:1:2::/64"),
            (
                "Received: from l (l [127.0.0.1]) by us\r\nReceived: from x ([192.0.2.7]) by us",
                "",
                "192.0.2.0/24",
            ),
            ("Received: from [203.0.113.9] (port=1 helo=[10.0.0.1]) by us", "", "203.0.113.0/24"),
            ("Received: by us; Mon", "198.51.100.3:25", "198.51.100.0/24"),
            ("Received: from x (y [not an address]) by us", "unix", ""),
            ("Received: from x (y [::ffff:192.0.2.7]) by us", "unix", "192.0.2.0/24"),
            ("Subject: x", "127.0.0.1:4", ""),
            ("Subject: x", "[2001:db8:1:2:3::4]:25", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(of(head, client), wanted, "{head}");
        }
    }
}
