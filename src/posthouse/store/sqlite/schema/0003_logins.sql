-- How many letters an account may have, and who logged in to it.

ALTER TABLE account ADD COLUMN quota_letters INTEGER NOT NULL DEFAULT 0;

CREATE TABLE login (
    account INTEGER NOT NULL,
    refused INTEGER NOT NULL,   -- 0 let in, 1 not: neither kind pushes out the other
    number INTEGER NOT NULL,    -- from 1, the newest is the largest
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,     -- log-ins from first to last that were alike
    door TEXT NOT NULL,
    peer TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    tls TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (account, refused, number)
) WITHOUT ROWID, STRICT;
CREATE INDEX login_last ON login (last);
