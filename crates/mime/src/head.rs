use bytes::Bytes;

use crate::Field;

/// The header of a message: its fields in order. Those nobody touches keep every byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    fields: Vec<Field>,
    separator: Bytes,
}

impl Default for Head {
    fn default() -> Self {
        Self::with(vec![], Bytes::from_static(b"\r\n"))
    }
}

impl Head {
    pub(crate) fn with(fields: Vec<Field>, separator: Bytes) -> Self {
        Self { fields, separator }
    }

    /// The fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The empty line behind the fields, as it was written.
    pub fn separator(&self) -> &Bytes {
        &self.separator
    }

    /// The first field of this name; case does not count.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.is(name))
    }

    /// Every field of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    /// True if there is one.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first field of this name as text for people: unfolded, encoded words decoded.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Field::text)
    }

    /// Takes away every field of this name; says how many there were.
    pub fn remove(&mut self, name: &str) -> usize {
        let before = self.fields.len();
        self.fields.retain(|f| !f.is(name));
        before - self.fields.len()
    }

    /// Keeps the fields for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.fields.retain(keep);
    }

    /// Puts `field` where the first of its name stood and takes the others away; at the end if there was none.
    pub fn replace(&mut self, field: Field) {
        let name = field.name().to_owned();
        let at = self.fields.iter().position(|f| f.is(&name));
        self.remove(&name);
        self.insert(at.unwrap_or(self.fields.len()), field);
    }

    /// Puts `field` on top.
    pub fn prepend(&mut self, field: Field) {
        self.insert(0, field);
    }

    /// Puts `field` at the end.
    pub fn append(&mut self, field: Field) {
        self.fields.push(field);
    }

    /// Puts `field` before the one at `at`; at the end if there are not so many.
    pub fn insert(&mut self, at: usize, field: Field) {
        self.fields.insert(at.min(self.fields.len()), field);
    }

    /// How many bytes it takes, its empty line included.
    pub fn len(&self) -> usize {
        self.fields.iter().map(|f| f.raw().len()).sum::<usize>() + self.separator.len()
    }

    /// True if it has no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds its bytes, the empty line included, to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        for field in &self.fields {
            out.extend_from_slice(field.raw());
        }
        out.extend_from_slice(&self.separator);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn replace_keeps_the_place_and_the_rest() {
        let mut message = Message::parse(Bytes::from("A: 1\r\nb:  2 \r\nA: 3\r\nC:4\r\n\r\nbody"));
        message.head.replace(Field::new("a", "new"));
        message.head.replace(Field::new("D", "end"));
        assert_eq!(message.to_bytes(), Bytes::from("a: new\r\nb:  2 \r\nC:4\r\nD: end\r\n\r\nbody"));
        assert_eq!(message.head.remove("B"), 1);
        message.head.prepend(Field::new("Top", "x"));
        message.head.insert(99, Field::new("End", "y"));
        let names: Vec<_> = message.head.fields().iter().map(Field::name).collect();
        assert_eq!(names, ["Top", "a", "C", "D", "End"]);
        assert_eq!(message.head.len() + 4, message.to_bytes().len());
    }
}
