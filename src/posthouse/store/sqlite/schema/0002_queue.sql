-- The queue as submission and relay need it; nothing was ever kept in the tables of the foundation.

DROP TABLE queue_recipient;
DROP TABLE queue_letter;

CREATE TABLE queue_letter (
    id BLOB PRIMARY KEY,        -- the letter's id
    owner INTEGER NOT NULL,     -- account; 0: the site
    body BLOB NOT NULL,
    size INTEGER NOT NULL,
    sender TEXT NOT NULL,
    message_id TEXT NOT NULL,
    envelope BLOB NOT NULL,     -- msgpack: body type, SMTPUTF8, ENVID, RET
    accepted INTEGER NOT NULL,
    attend INTEGER NOT NULL     -- when to look at it although nothing happened
) WITHOUT ROWID, STRICT;
CREATE INDEX queue_letter_body ON queue_letter (body);      -- whether a body is still named
CREATE INDEX queue_letter_attend ON queue_letter (attend);

CREATE TABLE queue_recipient (
    letter BLOB NOT NULL,
    number INTEGER NOT NULL,
    destination TEXT NOT NULL,
    due INTEGER NOT NULL,       -- when it may be claimed; of a claimed row: when that is over
    state INTEGER NOT NULL,     -- 0 waiting, 1 taken, 2 held
    holder TEXT NOT NULL,
    address TEXT NOT NULL,
    wishes BLOB NOT NULL,       -- msgpack: NOTIFY, ORCPT
    attempts INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (letter, number)
) WITHOUT ROWID, STRICT;
CREATE INDEX queue_due ON queue_recipient (destination, due);
CREATE INDEX queue_taken ON queue_recipient (holder) WHERE state=1;

-- One row a destination that has rows. `wake` is never later than it should be; a claim mends it.
CREATE TABLE queue_destination (
    destination TEXT PRIMARY KEY,
    wake INTEGER NOT NULL,
    pause INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    answer TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX queue_wake ON queue_destination (wake);
