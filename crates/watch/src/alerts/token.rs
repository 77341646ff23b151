//! The link that takes an incident: `/a/<token>`, good for one incident and one person.

use super::Incident;
use crate::Key;

/// Octets of the tag that stand in a token: 128 bits (P35).
const TAG: usize = 16;
const ID: usize = 4;

/// The token for `contact` to take `incident`: letters and digits that survive any change of case, 32 of them.
pub(super) fn token(key: &Key, incident: &Incident, contact: &str) -> String {
    let (id, opened) = (incident.id.to_be_bytes(), incident.opened.as_micros().to_be_bytes());
    let tag = key.tag(&[&id, &opened, contact.as_bytes()]);
    let octets: Vec<u8> = id.into_iter().chain(tag.into_iter().take(TAG)).collect();
    data_encoding::BASE32_NOPAD.encode(&octets).to_lowercase()
}

/// Which of the open incidents the token takes, and for which of the `contacts` it was made.
pub(super) fn verify<'a>(
    key: &Key,
    token: &str,
    open: &'a [Incident],
    mut contacts: impl Iterator<Item = String>,
) -> Option<(&'a Incident, String)> {
    let octets = data_encoding::BASE32_NOPAD.decode(token.to_uppercase().as_bytes()).ok()?;
    let (id, tag) = octets.split_at_checked(ID).filter(|(_, tag)| tag.len() == TAG)?;
    let id = u32::from_be_bytes(id.try_into().ok()?);
    let incident = open.iter().find(|i| i.id == id)?;
    let (number, opened) = (id.to_be_bytes(), incident.opened.as_micros().to_be_bytes());
    let contact = contacts.find(|c| key.verify(&[&number, &opened, c.as_bytes()], tag))?;
    Some((incident, contact))
}

#[cfg(test)]
mod tests {
    use posthaste_model::Timestamp;

    use super::*;
    use crate::Keys;
    use crate::alerts::Group;

    #[test]
    fn good_for_one_incident_and_one_person() {
        let key = Keys::from_secret([3; 32]).key("alert ack");
        let open: Vec<_> =
            (1..3).map(|id| Incident::new(id, Group::Delivery, Timestamp::from_micros(7))).collect();
        let names = || ["Anne", "Bob"].map(str::to_owned).into_iter();
        let made = token(&key, &open[1], "Bob");
        assert_eq!(made.len(), 32);
        let (incident, who) = verify(&key, &made.to_uppercase(), &open, names()).unwrap();
        assert_eq!((incident.id, who.as_str()), (2, "Bob"));
        let mut forged = made.clone().into_bytes();
        forged[31] = if forged[31] == b'a' { b'b' } else { b'a' };
        for bad in [String::from_utf8(forged).unwrap(), String::new(), made[..31].into(), format!("{made}aa")]
        {
            assert!(verify(&key, &bad, &open, names()).is_none(), "{bad}");
        }
        let other = Keys::from_secret([3; 32]).key("canary");
        assert!(verify(&other, &made, &open, names()).is_none(), "another purpose");
        let later = [Incident::new(2, Group::Delivery, Timestamp::from_micros(8))];
        assert!(verify(&key, &made, &later, names()).is_none(), "another incident of the same number");
    }
}
