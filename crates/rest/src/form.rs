//! Reads what a request says, and tells what is wrong with it as Mailman does.

use crate::fault::Fault;
use crate::params::{Params, Value};

/// A form being read. Ask for each field, then [`check`](Form::check); what was given is there afterwards.
///
/// ```text
/// let mut form = call.form();
/// let email = form.required("email", valid::email);
/// let mode = form.optional("delivery_mode", valid::delivery_mode);
/// form.check()?;
/// ```
pub(crate) struct Form<'a> {
    params: &'a Params,
    known: Vec<&'a str>,
    missing: Vec<&'a str>,
    invalid: Vec<String>,
}

impl<'a> Form<'a> {
    /// A form with these fields.
    pub(crate) fn new(params: &'a Params) -> Self {
        Self { params, known: vec![], missing: vec![], invalid: vec![] }
    }

    /// A field that has to be there; `Some` once the check has passed.
    pub(crate) fn required<T>(
        &mut self,
        name: &'a str,
        valid: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.params.get(name).is_none() {
            self.missing.push(name);
        }
        self.optional(name, valid)
    }

    /// A field that may be there.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'a str,
        valid: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name);
        match valid(self.params.get(name)?) {
            Ok(value) => Some(value),
            Err(why) => {
                self.invalid.push(format!("Invalid Parameter \"{name}\": {why}."));
                None
            }
        }
    }

    /// These may be there too, whatever they hold: `count` and `page`, which [`Call::page`](crate::call::Call::page) reads.
    pub(crate) fn also(&mut self, names: &[&'a str]) {
        self.known.extend(names);
    }

    /// What is wrong: first what nobody expects, then what is not valid, then what is missing.
    pub(crate) fn check(self) -> Result<(), Fault> {
        let mut unexpected: Vec<_> = self.params.names().filter(|name| !self.known.contains(name)).collect();
        if !unexpected.is_empty() {
            unexpected.sort_unstable();
            return Err(Fault::Bad(format!("Unexpected parameters: {}", unexpected.join(", "))));
        }
        if !self.invalid.is_empty() {
            return Err(Fault::Bad(self.invalid.join(" ")));
        }
        let mut missing = self.missing;
        if !missing.is_empty() {
            missing.sort_unstable();
            return Err(Fault::Bad(format!("Missing Parameter: {}", missing.join(", "))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::valid;

    fn told(form: &str) -> Option<String> {
        let params = Params::of_pairs(crate::percent::pairs(form.as_bytes()));
        let mut form = Form::new(&params);
        let (a, b) = (form.required("a", valid::text), form.optional("b", valid::bool));
        form.required("z", valid::text);
        if let Err(Fault::Bad(text)) = form.check() {
            return Some(text);
        }
        assert!(a.is_some() && b.is_none_or(|b| b));
        None
    }

    #[test]
    fn faults_come_in_mailmans_order() {
        for (form, text) in [
            ("y=1&x=1&b=maybe", Some("Unexpected parameters: x, y")),
            ("b=maybe", Some("Invalid Parameter \"b\": Invalid boolean value: maybe.")),
            ("b=yes", Some("Missing Parameter: a, z")),
            ("a=1&z=", None),
        ] {
            assert_eq!(told(form).as_deref(), text, "{form}");
        }
    }
}
