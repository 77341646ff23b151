//! Lists and what belongs to one: rows 13-20, 27-35 and 55-58.

use super::Route;

pub(super) const ROUTES: &[Route] = &[];
