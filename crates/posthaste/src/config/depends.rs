use super::key::section;

section! {
    /// Who looks after what this server needs. Told in `posthaste depends`, in alerts, and by `posthaste doctor`, so that
    /// a planner asking "who is hit by this?" gets a name.
    Depends in "depends" {
        /// Where this host stands, for planners: a row, a rack, a cluster. Unset: nothing is said.
        live label: Option<String> = None, example "\"row A, rack 3\"";
        /// Who looks after the database. Unset: nobody is named.
        live database_owner: Option<String> = None, example "\"dba@example.org\"";
        /// Who looks after the relay. Unset: nobody is named.
        live relay_owner: Option<String> = None, example "\"postmaster@example.org\"";
        /// Who looks after the name servers. Unset: nobody is named.
        live dns_owner: Option<String> = None, example "\"noc@example.org\"";
    }
}
