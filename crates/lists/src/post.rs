//! A message on its way into one list.

use bytes::Bytes;
use posthaste_mime::{
    Field, Message, address_entries, clean_message_id, mailboxes, make_message_id, message_id_hash,
};
use posthaste_model::{Address, EntryId, Envelope, ListName, Mailbox, SubAddress};

/// A message on its way into one list.
#[derive(Clone, Debug)]
pub struct Post {
    /// The spool entry it lives in.
    pub id: EntryId,
    /// What SMTP said.
    pub envelope: Envelope,
    /// The message as received, with its identity put in order.
    pub message: Message,
    /// Its size as received, octets.
    pub size: u64,
    /// Which of the list's addresses was written to.
    pub sub: SubAddress,
}

impl Post {
    /// Reads what was received and puts its identity in order: a missing Message-ID is made from `id`, square brackets in
    /// it go, and Message-ID-Hash, X-Message-ID-Hash and X-MailFrom are ours alone.
    pub fn receive(id: EntryId, envelope: Envelope, raw: Bytes, sub: SubAddress, list: &ListName) -> Self {
        let size = raw.len() as u64;
        let mut message = Message::parse(raw);
        let head = &mut message.head;
        let found = head.get("Message-ID").map(Field::unfolded).unwrap_or_default();
        let message_id = clean_message_id(&found);
        if message_id.is_empty() {
            head.remove("Message-ID");
            head.append(Field::structured("Message-ID", &make_message_id(id.uuid().as_bytes(), list.host())));
        } else if message_id != found {
            head.replace(Field::structured("Message-ID", &message_id));
        }
        let mut post = Self { id, envelope, message, size, sub };
        stamp_hash(&mut post.message);
        // A copy that came along could be forged; only what SMTP said to us counts.
        post.message.head.remove("X-MailFrom");
        let sender = post.envelope.reverse_path.as_str().to_owned();
        if !sender.is_empty() {
            post.message.head.append(Field::structured("X-MailFrom", &sender));
        }
        post
    }

    /// The Message-ID with its angle brackets.
    pub fn message_id(&self) -> String {
        self.message.head.get("Message-ID").map(Field::unfolded).unwrap_or_default()
    }

    /// The subject for people; empty if there is none.
    pub fn subject(&self) -> String {
        self.message.head.text("Subject").unwrap_or_default()
    }

    /// Everybody who may have written it, each once, in this order: From, the envelope sender, Reply-To, Sender. What is
    /// no valid address is left out.
    pub fn senders(&self) -> Vec<Address> {
        let mut senders: Vec<Address> = vec![];
        let mut add = |address: Address| {
            if !senders.contains(&address) {
                senders.push(address);
            }
        };
        self.addresses(&["From"]).into_iter().for_each(|m| add(m.address));
        Address::parse(self.envelope.reverse_path.as_str()).into_iter().for_each(&mut add);
        self.addresses(&["Reply-To", "Sender"]).into_iter().for_each(|m| add(m.address));
        senders
    }

    /// Everybody whom To, Cc, Resent-To and Resent-Cc name.
    pub fn explicit_recipients(&self) -> Vec<Mailbox> {
        self.addresses(&["To", "Cc", "Resent-To", "Resent-Cc"])
    }

    /// How many addresses To and Cc have, valid or not.
    pub fn recipient_count(&self) -> usize {
        ["To", "Cc"]
            .iter()
            .flat_map(|name| self.message.head.all(name))
            .map(|field| address_entries(&field.unfolded()).len())
            .sum()
    }

    fn addresses(&self, names: &[&str]) -> Vec<Mailbox> {
        names
            .iter()
            .flat_map(|name| self.message.head.all(name))
            .flat_map(|field| mailboxes(&field.unfolded()))
            .collect()
    }
}

/// Writes the two hash fields anew from the Message-ID.
pub(crate) fn stamp_hash(message: &mut Message) {
    let head = &mut message.head;
    let Some(id) = head.get("Message-ID").map(Field::unfolded) else { return };
    let hash = message_id_hash(&id);
    for name in ["Message-ID-Hash", "X-Message-ID-Hash"] {
        head.remove(name);
        head.append(Field::structured(name, &hash));
    }
}

#[cfg(test)]
mod tests {
    use posthaste_model::{ForwardPath, ReversePath, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn post(raw: &str) -> Post {
        let envelope = Envelope {
            reverse_path: ReversePath::parse("Bounce@example.com").unwrap(),
            forward_path: ForwardPath::parse("dev@example.org").unwrap(),
            client: "test".into(),
            received: Timestamp::from_micros(0),
        };
        let list = ListName::parse("dev@lists.example.org").unwrap();
        Post::receive(
            EntryId::new(Uuid::nil()),
            envelope,
            Bytes::from(raw.to_owned()),
            SubAddress::Post,
            &list,
        )
    }

    #[test]
    fn identity_is_put_in_order() {
        let head = "X-MailFrom: forged@example.com\r\nMessage-ID-Hash: forged\r\nMessage-ID: <[ant]>\r\n\r\n";
        assert_eq!(
            post(head).message.to_bytes(),
            "Message-ID: <ant>\r\nMessage-ID-Hash: MS6QLWERIJLGCRF44J7USBFDELMNT2BW\r\n\
             X-Message-ID-Hash: MS6QLWERIJLGCRF44J7USBFDELMNT2BW\r\nX-MailFrom: Bounce@example.com\r\n\r\n"
        );
        assert_eq!(post("A: 1\r\n\r\n").message_id(), "<aaaaaaaaaaaaaaaaaaaaaaaaaa@lists.example.org>");
    }

    #[test]
    fn senders_in_order_each_once() {
        let post = post(
            "Sender: carl@example.com\r\nReply-To: ANNE@example.com, nobody, bea@example.com\r\n\
             From: Anne <anne@example.com>\r\n\r\n",
        );
        let senders: Vec<_> = post.senders().iter().map(|a| a.key().to_owned()).collect();
        assert_eq!(
            senders,
            ["anne@example.com", "bounce@example.com", "bea@example.com", "carl@example.com"]
        );
    }

    #[test]
    fn recipients() {
        let post = post(
            "To: dev@example.org, nobody\r\nCc: \"A, B\"\r\n <a@example.com>\r\nResent-To: c@d.e\r\n\r\n",
        );
        assert_eq!(post.recipient_count(), 3);
        assert_eq!(post.explicit_recipients().len(), 3);
    }
}
