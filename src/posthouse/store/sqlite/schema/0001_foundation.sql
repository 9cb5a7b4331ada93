-- The whole schema of the foundation; tables that later issues fill are here too, so that they need no migration.
-- Keys begin with the account. Rows of an account lie together: email is keyed by account << 40 | number, as one
-- integer, since an integer key keeps large rows in the leaf while a WITHOUT ROWID table spills them at 1 KB.

CREATE TABLE site (
    key TEXT PRIMARY KEY,       -- epoch, uidvalidity (last given), account (last given), created, instance
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- ---- directory
CREATE TABLE domain (
    name TEXT PRIMARY KEY
) WITHOUT ROWID, STRICT;

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    address TEXT UNIQUE,        -- NULL: removed, its mail is being swept
    shown TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    quota_octets INTEGER NOT NULL DEFAULT 0,
    octets INTEGER NOT NULL DEFAULT 0,
    letters INTEGER NOT NULL DEFAULT 0,
    modseq INTEGER NOT NULL DEFAULT 1,          -- last given
    email INTEGER NOT NULL DEFAULT 0,           -- last number given
    mailbox INTEGER NOT NULL DEFAULT 0,         -- last id given
    log_floor INTEGER NOT NULL DEFAULT 1,       -- changes and tombstones are complete after this MODSEQ
    epoch INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE credential (
    account INTEGER NOT NULL,
    method TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, method)
) WITHOUT ROWID, STRICT;

CREATE TABLE alias (
    address TEXT PRIMARY KEY,
    targets TEXT NOT NULL       -- JSON array
) WITHOUT ROWID, STRICT;

-- ---- mail
CREATE TABLE body (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    octets BLOB                 -- NULL: the file bodies/xx/ID
) STRICT;

CREATE TABLE mailbox (
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    selectable INTEGER NOT NULL DEFAULT 1,
    special_use TEXT NOT NULL DEFAULT '',
    uidvalidity INTEGER NOT NULL,
    uidnext INTEGER NOT NULL DEFAULT 1,
    highest_modseq INTEGER NOT NULL DEFAULT 1,
    messages INTEGER NOT NULL DEFAULT 0,
    unseen INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    octets INTEGER NOT NULL DEFAULT 0,
    first_recent INTEGER NOT NULL DEFAULT 1,
    keywords TEXT NOT NULL DEFAULT '',          -- every keyword ever used, sorted, joined by a space
    PRIMARY KEY (account, id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name);

CREATE TABLE subscription (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE email (
    key INTEGER PRIMARY KEY,    -- account << 40 | number
    body BLOB NOT NULL,
    size INTEGER NOT NULL,
    received INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    render_version INTEGER NOT NULL,
    header_octets INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    sent_day INTEGER NOT NULL,
    is_reply INTEGER NOT NULL,
    has_attachment INTEGER NOT NULL,
    from_key TEXT NOT NULL,
    to_key TEXT NOT NULL,
    cc_key TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    from_text TEXT NOT NULL,
    to_text TEXT NOT NULL,
    cc_text TEXT NOT NULL,
    bcc_text TEXT NOT NULL,
    subject_text TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    "references" TEXT NOT NULL,
    preview TEXT NOT NULL,
    envelope BLOB NOT NULL,
    bodystructure BLOB NOT NULL,
    parts BLOB NOT NULL
) STRICT;
CREATE INDEX email_body ON email (body);        -- whether a body is still named, for the sweep

CREATE TABLE placement (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    email INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    saved INTEGER NOT NULL,
    created_modseq INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) WITHOUT ROWID, STRICT;
CREATE INDEX placement_email ON placement (account, email);

CREATE TABLE thread_key (
    account INTEGER NOT NULL,
    hash INTEGER NOT NULL,      -- of a message id with its base subject
    thread INTEGER NOT NULL,
    PRIMARY KEY (account, hash)
) WITHOUT ROWID, STRICT;

CREATE TABLE tombstone (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    email INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    modseq INTEGER NOT NULL,
    until INTEGER NOT NULL,     -- kept until then, seconds
    PRIMARY KEY (account, mailbox, uid)
) WITHOUT ROWID, STRICT;

-- One row a unit and mailbox (not one a letter): kind 1 flags, 2 expunge, 3 mailbox made, 4 renamed, 5 deleted.
CREATE TABLE change (
    account INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    before BLOB NOT NULL,       -- msgpack: for 1 [[flags, keywords, ranges], ...]; for 2 ranges; else the old name
    written INTEGER NOT NULL,
    PRIMARY KEY (account, modseq, mailbox, kind)
) WITHOUT ROWID, STRICT;

-- ---- queue (filled by submission and relay)
CREATE TABLE queue_letter (
    id BLOB PRIMARY KEY,        -- the letter's id
    owner INTEGER NOT NULL,     -- account; 0: the site
    body BLOB NOT NULL,
    sender TEXT NOT NULL,
    envelope BLOB NOT NULL,     -- msgpack: body type, SMTPUTF8, ENVID, RET
    accepted INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX queue_body ON queue_letter (body);     -- whether a body is still named, for the sweep

CREATE TABLE queue_recipient (
    letter BLOB NOT NULL,
    number INTEGER NOT NULL,
    destination TEXT NOT NULL,
    due INTEGER NOT NULL,
    state INTEGER NOT NULL,
    address TEXT NOT NULL,
    wishes BLOB NOT NULL,       -- msgpack: NOTIFY, ORCPT
    attempts INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT NOT NULL DEFAULT '',
    lease_holder TEXT NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (letter, number)
) WITHOUT ROWID, STRICT;
CREATE INDEX queue_due ON queue_recipient (destination, due);

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- ---- the scribe's own
CREATE TABLE unit (
    writer INTEGER PRIMARY KEY, -- a connection to the scribe, named by its maker
    number INTEGER NOT NULL,    -- last unit of it that was decided
    results BLOB NOT NULL,      -- msgpack: results of its units in the last transaction that had any
    written INTEGER NOT NULL
) STRICT;

CREATE TABLE trace_day (
    day INTEGER PRIMARY KEY     -- days since 1970 that have a table trace_<day>
) STRICT;
