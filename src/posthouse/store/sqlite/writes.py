"""Which function does which write. One function a kind of value: (db, value, context) -> result, or
StoreFailure.
"""

from collections.abc import Callable
from typing import Any, Final

from posthouse.store import values, values_queue
from posthouse.store.sqlite.context import Context
from posthouse.store.sqlite.writes_directory import (
    add_account,
    add_domain,
    put_alias,
    remove_account,
    remove_alias,
    remove_domain,
    rename_account,
    rename_domain,
    set_account,
)
from posthouse.store.sqlite.writes_flags import set_flags
from posthouse.store.sqlite.writes_logins import record_login
from posthouse.store.sqlite.writes_mail import append, claim_recent, deliver
from posthouse.store.sqlite.writes_mailboxes import (
    create_mailbox,
    delete_mailbox,
    rename_mailbox,
    subscribe,
)
from posthouse.store.sqlite.writes_moves import copy, expunge, move, replace
from posthouse.store.sqlite.writes_other import drop_lease, note, take_lease
from posthouse.store.sqlite.writes_queue import (
    act,
    claim,
    claim_aged,
    enqueue,
    free,
    pause,
    settle,
)

Write = Callable[[Any, Any, Context], values.AnyResult]

WRITES: Final[dict[type[values.Value], Write]] = {
    values.Deliver: deliver,
    values.Append: append,
    values.Replace: replace,
    values.SetFlags: set_flags,
    values.Copy: copy,
    values.Move: move,
    values.Expunge: expunge,
    values.ClaimRecent: claim_recent,
    values.CreateMailbox: create_mailbox,
    values.DeleteMailbox: delete_mailbox,
    values.RenameMailbox: rename_mailbox,
    values.Subscribe: subscribe,
    values.AddDomain: add_domain,
    values.RenameDomain: rename_domain,
    values.RemoveDomain: remove_domain,
    values.AddAccount: add_account,
    values.SetAccount: set_account,
    values.RenameAccount: rename_account,
    values.RemoveAccount: remove_account,
    values.PutAlias: put_alias,
    values.RemoveAlias: remove_alias,
    values.TakeLease: take_lease,
    values.DropLease: drop_lease,
    values.Note: note,
    values.RecordLogin: record_login,
    values_queue.Enqueue: enqueue,
    values_queue.ClaimQueue: claim,
    values_queue.ClaimAged: claim_aged,
    values_queue.Settle: settle,
    values_queue.PauseQueue: pause,
    values_queue.QueueAct: act,
    values_queue.FreeQueue: free,
}

NEED_DISK: Final = frozenset(
    {values.Deliver, values.Append, values.Replace, values.Copy, values_queue.Enqueue}
)
"""Refused while the disk's reserve is touched; everything else goes on, since it may free
something.
"""
