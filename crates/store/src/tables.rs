//! The names of tables and columns, once. What they hold is told in `migrations/`.

use sea_orm::DeriveIden;

/// One row: which migrations have run.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Schema {
    #[sea_orm(iden = "posthaste_schema")]
    Table,
    Id,
    Version,
}

/// Numbers handed out one after the other, a row for each series.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Counter {
    Table,
    Name,
    Next,
}

/// A mail domain.
#[derive(DeriveIden, Clone, Copy)]
#[expect(clippy::enum_variant_names, reason = "each is the name of a column")]
pub(crate) enum Domain {
    Table,
    Id,
    MailHost,
    Description,
    AliasDomain,
}

/// A mailing list. `settings` is the truth; the columns after it repeat what must be read for many lists at once.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum MailingList {
    Table,
    Id,
    ListId,
    Local,
    Host,
    Settings,
    Advertised,
    DisplayName,
    Description,
    MaxMessageSize,
    PostId,
    Volume,
    NextDigestNumber,
    CreatedAt,
    LastPostAt,
    DigestLastSentAt,
    UsenetWatermark,
}

/// A person, who may have several addresses.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum User {
    #[sea_orm(iden = "users")]
    Table,
    Id,
    DisplayName,
    PasswordHash,
    IsServerOwner,
    PreferredAddress,
    CreatedAt,
}

/// An address; its user may be unknown.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Address {
    Table,
    Id,
    Key,
    Spelling,
    DisplayName,
    User,
    VerifiedAt,
    RegisteredAt,
}

/// An address in a role on a list.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Member {
    Table,
    Id,
    List,
    Address,
    Role,
    DisplayName,
    ModerationAction,
    CreatedAt,
}

/// A membership that belongs to a person and not to one address: it follows the preferred address.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum MemberByUser {
    Table,
    Member,
    User,
}

/// How many posts of a member were accepted.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum PostingRecord {
    Table,
    Member,
    Accepted,
    LastEntry,
}

/// A topic a member has chosen; `*` stands for posts without a topic.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum MemberTopic {
    Table,
    Member,
    Topic,
}

/// A post that went to several lists, a row for each that has accepted it. `place` is the order in which they did.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Crosspost {
    Table,
    Id,
    Message,
    List,
    Place,
    PlannedAt,
}

/// The preference columns that users, addresses and members each have; NULL is "as the next level says".
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Preference {
    AcknowledgePosts,
    DeliveryMode,
    DeliveryStatus,
    HideAddress,
    PreferredLanguage,
    ReceiveListCopy,
    ReceiveOwnPostings,
}

/// Who may not write or join. `scope` is the list's key, or the nil UUID for the site: unique keys need a value.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Ban {
    Table,
    Id,
    Scope,
    List,
    Entry,
    Key,
    Exact,
    CreatedAt,
}

/// A rule on a header field.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum HeaderMatch {
    Table,
    Id,
    List,
    Position,
    Header,
    Pattern,
    Action,
    Tag,
}

/// What stood in the place of [`Wording`] at first.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Template {
    Table,
    Id,
    Name,
    Context,
    Uri,
    Body,
    Username,
    Password,
}

/// A text that replaces a built-in one, for the site, a domain or a list, in one language or all.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Wording {
    Table,
    Id,
    Name,
    Context,
    Language,
    Uri,
    Body,
    Username,
    Password,
}

/// A post that waits for a moderator.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum HeldMessage {
    Table,
    Id,
    Number,
    List,
    Sender,
    Subject,
    MessageId,
    MessageIdHash,
    Reasons,
    Envelope,
    HeldAt,
    Size,
}

/// The bytes of held posts, in pieces that fit any server's packet limit.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum HeldPiece {
    Table,
    Held,
    Place,
    Bytes,
}

/// What was decided about a held post: until it is carried out, and as long as a preserved post is kept.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Decision {
    Table,
    Id,
    Held,
    Action,
    Who,
    Reason,
    Forward,
    Preserve,
    DecidedAt,
    DoneAt,
}

/// Who set which mark on what, and when.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Mark {
    Table,
    Name,
    Scope,
    Who,
    At,
}

/// What people did. `hash` is over the row and the hash of the one before it.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Audit {
    Table,
    Number,
    At,
    Who,
    Action,
    List,
    Object,
    Was,
    Became,
    Hash,
}

/// What waits for somebody to come back with a token.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Pending {
    Table,
    Id,
    TokenHash,
    Kind,
    Payload,
    ExpiresAt,
}

/// A post that waits for a digest, or was in one not long ago. Its bytes are pieces as those of held posts are.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum DigestPost {
    Table,
    Id,
    List,
    Issue,
    CollectedAt,
    Size,
}

/// The bytes of posts that wait for a digest.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum DigestPiece {
    Table,
    Post,
    Place,
    Bytes,
}

/// A digest that was closed: its posts and its numbers are fixed. Not sent yet: `SentAt` is NULL.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum DigestIssue {
    Table,
    Id,
    List,
    Volume,
    Number,
    ClosedAt,
    SentAt,
}

/// Who left the digests and gets one more, with what came while they had them.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum LastDigest {
    Table,
    List,
    Key,
    Spelling,
    Mode,
}

/// Something about a membership that waits for somebody's word.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum MembershipRequest {
    Table,
    Id,
    List,
    Action,
    Key,
    Spelling,
    DisplayName,
    Owner,
    TokenHash,
    Details,
    AskedAt,
    ExpiresAt,
}

/// A change of a membership that was made, so that doing it again tells the same.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Deed {
    Table,
    Id,
    Told,
    At,
}

/// A mail that was sent without a person's doing: what for, to whom, on whose account.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Automatic {
    Table,
    Id,
    Kind,
    Target,
    Scope,
    At,
}

/// Who wants no mail about memberships they did not ask for.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Block {
    Table,
    Target,
    At,
}

/// The last automatic answer of a kind to an address from a list.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Answer {
    Table,
    List,
    Address,
    Kind,
    Cause,
    SentAt,
}

/// How a member stands because mail to them failed.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum BounceStanding {
    Table,
    Member,
    Score,
    Proven,
    LastBounce,
    Reason,
    DisabledAt,
    Warnings,
    LastWarning,
    ProbeHash,
    ProbedAt,
}

/// A failure that was told to us, kept for a month. `address` is folded; `day` counts from 1970, UTC.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum BounceEvent {
    Table,
    Id,
    List,
    Address,
    Domain,
    At,
    Day,
    Blame,
    Proven,
    Probe,
    Status,
    Diagnostic,
    Post,
    Verdict,
    Report,
}

/// What lets a program use the REST interface. `hash` is of the token.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum ApiToken {
    Table,
    Id,
    Name,
    Hash,
    Reach,
    Target,
    Kinds,
    CreatedAt,
    ExpiresAt,
    RevokedAt,
    LastUsedAt,
}

/// A user who owns a domain.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum DomainOwner {
    Table,
    Domain,
    User,
}

/// Where a domain's pages are.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum DomainPage {
    Table,
    Domain,
    BaseUrl,
}

/// How much a list's archive holds. `revision` grows with every change of it; a writer holds this row, so that two of them
/// never thread the same list at once.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum ArchiveShelf {
    Table,
    List,
    Revision,
    Messages,
    Threads,
}

/// A post in the archive. `hash` is its Message-ID-Hash, `thread` and `parent` are such; `body` names its bytes, which are
/// in no table; `month` counts from the year 0.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum ArchivedMessage {
    Table,
    Id,
    List,
    Hash,
    MessageId,
    Body,
    Size,
    Thread,
    Parent,
    Author,
    Address,
    Subject,
    Topic,
    Beginning,
    Words,
    Files,
    At,
    Month,
    KeptAt,
}

/// A thread of the archive, named by the post that began it.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum ArchivedThread {
    Table,
    Id,
    List,
    Hash,
    Subject,
    Author,
    Beginning,
    Started,
    Active,
    Messages,
    Revision,
}

/// A post that answers one which has not come: `place` tells how near it would stand.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum ArchiveWish {
    Table,
    Id,
    List,
    Wants,
    Child,
    Place,
}
