//! Poison for drills: a post that says in its header what is to happen to the runner that swallows it.

use std::sync::atomic::{AtomicBool, Ordering};

use posthaste_model::Stage;

/// The field: stage, then `panic`, `abort` (the whole process) or `hang`.
const FIELD: &[u8] = b"\nX-Posthaste-Poison: ";

/// Whether poison works: in drills only.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicBool);

impl Poison {
    pub(crate) fn allow(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Does what the message asks of this stage. True: hang.
    pub(super) fn swallow(&self, stage: Stage, message: &[u8]) -> bool {
        if !self.0.load(Ordering::Relaxed) {
            return false;
        }
        let text = String::from_utf8_lossy(message);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let field = String::from_utf8_lossy(FIELD);
        let asked = head.split_once(&*field).and_then(|(_, rest)| rest.lines().next()).unwrap_or_default();
        match asked.strip_prefix(stage.name()).map(str::trim) {
            Some("panic") => fall(),
            Some("abort") => std::process::abort(),
            Some("hang") => true,
            _ => false,
        }
    }
}

#[expect(clippy::panic, reason = "asked for")]
fn fall() -> ! {
    panic!("poison, swallowed in a drill")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poison_works_in_drills_and_at_its_stage_only() {
        let poison = Poison::default();
        let message = b"Subject: x\r\nX-Posthaste-Poison: out hang\r\n\r\nbody";
        assert!(!poison.swallow(Stage::Out, message));
        poison.allow();
        assert!(poison.swallow(Stage::Out, message));
        assert!(!poison.swallow(Stage::Incoming, message));
        assert!(!poison.swallow(Stage::Out, b"Subject: x\r\n\r\n\nX-Posthaste-Poison: out hang\r\n"));
    }
}
