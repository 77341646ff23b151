#![doc = include_str!("../README.md")]

mod base64;
mod charset;
mod content_type;
mod date;
mod field;
mod filename;
mod fold;
mod fuzz;
mod head;
mod html;
mod mailboxes;
mod message;
mod message_id;
mod notice;
mod part;
mod text;
mod transfer;
mod word;

pub use charset::{decode as decode_charset, decode_lossy as decode_charset_lossy, encode as encode_charset};
pub use content_type::ContentType;
pub use date::{parse_rfc5322_date, rfc5322_date};
pub use field::Field;
pub use filename::file_names;
pub use fuzz::fuzz_message;
pub use head::Head;
pub use html::html_to_text;
pub use mailboxes::{AddressEntry, address_entries, format_mailbox, mailboxes};
pub use message::{Message, crlf};
pub use message_id::{clean_message_id, make_message_id, message_id_hash, message_ids};
pub use notice::{AutoSubmitted, Notice};
pub use part::Part;
pub use text::{Text, TextProblem};
pub use transfer::TransferEncoding;
pub use word::{decode as decode_words, encode as encode_words, encode_phrase};
