#![doc = include_str!("../README.md")]

mod arc;
mod canonical;
mod checker;
mod der;
mod dmarc;
mod dns;
mod findings;
mod generate;
mod key;
mod keyring;
mod lexer;
mod organisation;
mod results;
mod sign;
mod tags;

pub use arc::{ArcChain, seal};
pub use checker::{Checker, Peer};
pub use dmarc::DmarcRecord;
pub use dns::{Dns, DnsTrouble};
pub use findings::{Checked, Findings, Policy, Signature, Verdict};
pub use generate::generate_rsa;
pub use key::{Algorithm, KeyError, SigningKey};
pub use keyring::{Keyring, StoredKey};
pub use organisation::organisation;
pub use results::{AuthResults, Method, merge};
pub use sign::sign;
pub use tags::signed_fields;
