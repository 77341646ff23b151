//! What the server says in the log. Addresses stand at debug level only.

use std::io;
use std::time::Duration;

use tracing::{debug, error, info, warn};

use super::{Transaction, session::HangUp};
use crate::Reply;

pub(super) fn opened() {
    debug!("session opened");
}

pub(super) fn closed() {
    debug!("session closed");
}

pub(super) fn lost(error: &io::Error) {
    debug!(%error, "connection lost");
}

pub(super) fn hung_up(why: HangUp) {
    debug!(?why, "session ended by us");
}

pub(super) fn turned_away(connections: usize) {
    warn!(connections, "too many connections, the newest is turned away");
}

pub(super) fn accept_failed(error: &io::Error) {
    warn!(%error, "cannot accept a connection");
}

pub(super) fn drain_cut_short(sessions: usize) {
    warn!(sessions, "sessions did not end in time and are cut off; their peers will come again");
}

pub(super) fn too_many_bad_commands(last: &Reply) {
    info!(%last, "too many bad commands");
}

pub(super) fn receiving(transaction: &Transaction) {
    debug!(from = %transaction.reverse_path, to = ?transaction.forward_paths, "message");
}

pub(super) fn answered(size: usize, replies: &[Reply]) {
    let accepted = replies.iter().filter(|reply| reply.is_positive()).count();
    info!(size, recipients = replies.len(), accepted, "message answered");
}

pub(super) fn handler_panicked(what: &'static str) {
    error!(what, "a panic while answering a peer; it was told to come again");
}

pub(super) fn handler_late(what: &'static str, limit: Duration) {
    error!(what, ?limit, "no answer for a peer in time; it was told to come again");
}

pub(super) fn wrong_number_of_replies(replies: usize, recipients: usize) {
    error!(replies, recipients, "not one reply per recipient; the others were told to come again");
}
