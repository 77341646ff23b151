//! Members, users, addresses, and what waits for a moderator: rows 21-26 and 36-54.

use super::Route;

pub(super) const ROUTES: &[Route] = &[];
