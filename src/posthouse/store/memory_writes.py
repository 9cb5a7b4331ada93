"""The writes of the in-memory twin: one function a kind, each changes the unit's own copy.

A function that fails raises StoreFailure; the whole unit's copy is then thrown away.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from posthouse.mail.rendered import Rendered
from posthouse.store import values
from posthouse.store.contract import LoginRow, StoreFailure
from posthouse.store.memory_queue import QUEUE_WRITES
from posthouse.store.memory_state import Box, Email, Placement, Resident, Work, chosen, ranges_of
from posthouse.store.settings import StoreSettings
from posthouse.store.values import DELETED, INBOX, AnyResult, AnyValue, FlagChange, Why

UID_MAX: Final = 2**32 - 1
LOGINS_MAX: Final = StoreSettings().logins_max


def apply(work: Work, value: AnyValue) -> AnyResult:
    """Does what the value says to the unit's copy."""
    return _WRITES[type(value)](work, value)


# ---- letters


def _deliver(work: Work, value: values.Deliver) -> values.Delivered:
    work.bodies.append(value.body)
    emails: dict[int, Email] = {}
    placed = []
    for place in value.places:
        resident = work.resident(place.account)
        if place.account not in emails:
            emails[place.account] = _new_email(resident, value.body, value.rendered, value.received)
        box = resident.boxes.get(place.mailbox)
        if box is None or not box.selectable:
            box = resident.boxes[INBOX]
        email = emails[place.account]
        uid = _put(work, resident, box, email, place.flags, place.keywords)
        modseq = work.modseq(place.account)
        placed.append(values.Placed(place.account, box.id, uid, modseq, email.number))
    for account in emails:
        _check_quota(work.resident(account))
    return values.Delivered(tuple(placed))


def _append(work: Work, value: values.Append) -> values.Appended:
    box = work.box(value.account, value.mailbox)
    resident = work.resident(value.account)
    first = box.uidnext
    for letter in value.letters:
        work.bodies.append(letter.body)
        email = _new_email(resident, letter.body, letter.rendered, letter.received)
        _put(work, resident, box, email, letter.flags, letter.keywords)
    _check_quota(resident)
    return values.Appended(box.uidvalidity, first, box.uidnext - 1, work.modseq(value.account))


def _replace(work: Work, value: values.Replace) -> values.Replaced:
    source = work.box(value.account, value.mailbox)
    target = work.box(value.account, value.to_mailbox)
    if value.uid not in source.letters:
        raise StoreFailure(Why.NO_LETTER, f"no letter {value.uid} in mailbox {value.mailbox}")
    resident, letter = work.resident(value.account), value.letter
    work.bodies.append(letter.body)
    email = _new_email(resident, letter.body, letter.rendered, letter.received)
    uid = _put(work, resident, target, email, letter.flags, letter.keywords)
    _remove(work, value.account, source, [value.uid])
    _check_quota(resident)
    return values.Replaced(target.uidvalidity, uid, work.modseq(value.account))


def _set_flags(work: Work, value: values.SetFlags) -> values.FlagsSet:
    box = work.box(value.account, value.mailbox)
    changed, modified = [], []
    for uid in chosen(box, value.uids):
        placement = box.letters[uid]
        # RFC 7162 3.1.3: also a letter that would not change is "modified" when it is younger.
        if 0 <= value.unchanged_since < placement.modseq:
            modified.append(uid)
            continue
        flags, keywords = _changed_flags(placement, value)
        if (flags, keywords) != (placement.flags, placement.keywords):
            modseq = work.modseq(value.account)
            box.letters[uid] = replace(placement, flags=flags, keywords=keywords, modseq=modseq)
            changed.append(uid)
    if changed:
        box.highest_modseq = work.modseq(value.account)
        if value.change is not FlagChange.REMOVE:
            _remember_keywords(box, value.keywords)
    modseq = box.highest_modseq if changed else 0
    return values.FlagsSet(modseq, ranges_of(changed), ranges_of(modified))


def _changed_flags(placement: Placement, value: values.SetFlags) -> tuple[int, str]:
    # Keywords are the same in any case; the spelling that was first stays. RFC 5788 2
    old = {word.lower(): word for word in placement.keywords.split()}
    named = {word.lower(): word for word in value.keywords.split()}
    if value.change is FlagChange.ADD:
        flags = placement.flags | value.flags
        words = named | old
    elif value.change is FlagChange.REMOVE:
        flags = placement.flags & ~value.flags
        words = {low: word for low, word in old.items() if low not in named}
    else:
        flags = value.flags
        words = {low: old.get(low, word) for low, word in named.items()}
    return flags, " ".join(sorted(words.values()))


def _copy(work: Work, value: values.Copy) -> values.Copied:
    source = work.box(value.account, value.mailbox)
    target = work.box(value.account, value.to_mailbox)
    uids = chosen(source, value.uids)
    copied = _copy_letters(work, value.account, source, uids, target)
    _check_quota(work.resident(value.account))
    return copied


def _move(work: Work, value: values.Move) -> values.Copied:
    source = work.box(value.account, value.mailbox)
    target = work.box(value.account, value.to_mailbox)
    uids = chosen(source, value.uids)
    copied = _copy_letters(work, value.account, source, uids, target)
    _remove(work, value.account, source, uids)
    return copied


def _copy_letters(
    work: Work, account: int, source: Box, uids: list[int], target: Box
) -> values.Copied:
    resident = work.resident(account)
    new = []
    for uid in uids:
        old = source.letters[uid]
        new.append(_put(work, resident, target, old.email, old.flags, old.keywords))
    modseq = work.modseq(account) if uids else 0
    return values.Copied(target.uidvalidity, ranges_of(uids), ranges_of(new), modseq)


def _expunge(work: Work, value: values.Expunge) -> values.Expunged:
    box = work.box(value.account, value.mailbox)
    uids = list(box.letters) if value.uids is None else chosen(box, value.uids)
    if not value.any_flag:
        uids = [uid for uid in uids if box.letters[uid].flags & DELETED]
    _remove(work, value.account, box, uids)
    return values.Expunged(work.modseq(value.account) if uids else 0, ranges_of(uids))


def _claim_recent(work: Work, value: values.ClaimRecent) -> values.Claimed:
    box = work.box(value.account, value.mailbox)
    claimed = values.Claimed(box.first_recent, box.uidnext)
    box.first_recent = box.uidnext
    return claimed


def _new_email(
    resident: Resident, body: values.NewBody, rendered: Rendered, received: int
) -> Email:
    resident.last_email += 1
    known = [resident.threads[key] for key in rendered.thread_keys if key in resident.threads]
    thread = known[0] if known else resident.last_email
    for key in rendered.thread_keys:
        resident.threads.setdefault(key, thread)
    return Email(resident.last_email, body.id, body.size, received, thread, rendered)


def _put(work: Work, resident: Resident, box: Box, email: Email, flags: int, keywords: str) -> int:
    """Gives the next UID."""
    uid = box.uidnext
    if uid > UID_MAX:
        raise StoreFailure(Why.LIMIT, f"UIDs of mailbox {box.id} are used up")
    modseq = work.modseq(resident.id)
    keywords = " ".join(sorted(keywords.split()))
    box.uidnext = uid + 1
    box.letters[uid] = Placement(uid, email, modseq, flags, keywords, work.now, modseq)
    box.highest_modseq = modseq
    _remember_keywords(box, keywords)
    return uid


def _remove(work: Work, account: int, box: Box, uids: list[int]) -> None:
    for uid in uids:
        del box.letters[uid]
        box.vanished[uid] = work.modseq(account)
    if uids:
        box.highest_modseq = work.modseq(account)


def _remember_keywords(box: Box, keywords: str) -> None:
    known = {word.lower(): word for word in keywords.split()}
    known |= {word.lower(): word for word in box.keywords}
    box.keywords = tuple(sorted(known.values()))


def _check_quota(resident: Resident) -> None:
    if resident.quota_octets and resident.octets() > resident.quota_octets:
        raise StoreFailure(Why.OVER_QUOTA, f"account {resident.id} is over its quota")
    if resident.quota_letters and resident.letters() > resident.quota_letters:
        raise StoreFailure(Why.OVER_QUOTA, f"account {resident.id} has too many letters")


# ---- mailboxes


def _create_mailbox(work: Work, value: values.CreateMailbox) -> values.Created:
    resident = work.resident(value.account)
    box = resident.box_by_name(value.name)
    if box is not None and box.selectable:
        raise StoreFailure(Why.EXISTS, f"mailbox {value.name!r} exists")
    modseq = work.modseq(value.account)
    if box is None:
        box = _new_box(work, resident, value.name, value.special_use)
    else:
        box.selectable = True
        box.special_use = value.special_use
        box.uidvalidity = work.new_uidvalidity()
        box.highest_modseq = modseq
    return values.Created(box.id, box.uidvalidity, modseq)


def _new_box(work: Work, resident: Resident, name: str, special_use: str = "") -> Box:
    """Also makes the superiors that are missing."""
    superior = name.rpartition("/")[0]
    if superior and resident.box_by_name(superior) is None:
        _new_box(work, resident, superior)
    resident.last_mailbox += 1
    box = Box(resident.last_mailbox, name, work.new_uidvalidity(), special_use)
    box.highest_modseq = work.modseq(resident.id)
    resident.boxes[box.id] = box
    return box


def _delete_mailbox(work: Work, value: values.DeleteMailbox) -> values.Done:
    resident, box = _named_box(work, value.account, value.mailbox)
    if box.id == INBOX:
        raise StoreFailure(Why.FORBIDDEN, "INBOX cannot be deleted")  # RFC 3501 6.3.4
    modseq = work.modseq(value.account)
    if not _inferiors(resident, box):
        del resident.boxes[box.id]
    elif not box.selectable:
        raise StoreFailure(Why.HAS_CHILDREN, f"mailbox {box.id} has inferiors")
    else:
        _remove(work, value.account, box, list(box.letters))
        box.selectable = False
        box.special_use = ""
    return values.Done(modseq)


def _rename_mailbox(work: Work, value: values.RenameMailbox) -> values.Done:
    resident, box = _named_box(work, value.account, value.mailbox)
    if resident.box_by_name(value.name) is not None:
        raise StoreFailure(Why.EXISTS, f"mailbox {value.name!r} exists")
    if box.id == INBOX:
        # RFC 3501 6.3.5: the letters go, INBOX and its inferiors stay.
        target = _new_box(work, resident, value.name)
        uids = list(box.letters)
        _copy_letters(work, value.account, box, uids, target)
        _remove(work, value.account, box, uids)
        return values.Done(work.modseq(value.account))
    if value.name.startswith(box.name + "/"):
        raise StoreFailure(Why.FORBIDDEN, "a mailbox cannot be below itself")
    old = box.name
    for inferior in _inferiors(resident, box):
        inferior.name = value.name + inferior.name[len(old) :]
    box.name = value.name
    superior = value.name.rpartition("/")[0]
    if superior and resident.box_by_name(superior) is None:
        _new_box(work, resident, superior)
    return values.Done(work.modseq(value.account))


def _named_box(work: Work, account: int, mailbox: int) -> tuple[Resident, Box]:
    """A mailbox that may also be a mere name."""
    if account not in work.site.residents:
        raise StoreFailure(Why.NO_MAILBOX, f"no account {account}")
    resident = work.resident(account)
    if mailbox not in resident.boxes:
        raise StoreFailure(Why.NO_MAILBOX, f"no mailbox {mailbox} in account {account}")
    return resident, resident.boxes[mailbox]


def _inferiors(resident: Resident, box: Box) -> list[Box]:
    return [other for other in resident.boxes.values() if other.name.startswith(box.name + "/")]


def _subscribe(work: Work, value: values.Subscribe) -> values.Done:
    resident = work.resident(value.account)
    if value.subscribed:
        resident.subscriptions |= {value.name}
    else:
        resident.subscriptions -= {value.name}
    return values.Done()


# ---- directory


def _add_domain(work: Work, value: values.AddDomain) -> values.Done:
    if value.name in work.site.domains:
        raise StoreFailure(Why.EXISTS, f"domain {value.name!r} exists")
    work.site.domains |= {value.name}
    return _directory_changed(work)


def _rename_domain(work: Work, value: values.RenameDomain) -> values.Done:
    _check_domain(work, value.name)
    if value.new_name in work.site.domains:
        raise StoreFailure(Why.EXISTS, f"domain {value.new_name!r} exists")
    work.site.domains = work.site.domains - {value.name} | {value.new_name}
    for resident in list(work.site.residents.values()):
        if _domain(resident.address) == value.name:
            mine = work.resident(resident.id)
            mine.address = _moved(resident.address, value.new_name)
            mine.shown = _moved(resident.shown, value.new_name)

    def follow(address: str) -> str:
        return _moved(address, value.new_name) if _domain(address) == value.name else address

    work.site.aliases = {
        follow(address): tuple(follow(target) for target in targets)
        for address, targets in work.site.aliases.items()
    }
    return _directory_changed(work)


def _remove_domain(work: Work, value: values.RemoveDomain) -> values.Done:
    _check_domain(work, value.name)
    addresses = [resident.address for resident in work.site.residents.values()]
    if any(_domain(address) == value.name for address in [*addresses, *work.site.aliases]):
        raise StoreFailure(Why.IN_USE, f"domain {value.name!r} has accounts or aliases")
    work.site.domains -= {value.name}
    return _directory_changed(work)


def _add_account(work: Work, value: values.AddAccount) -> values.AccountAdded:
    _check_address_is_free(work, value.address)
    work.site.last_account += 1
    number = work.site.last_account
    resident = Resident(
        number, value.address, value.shown, work.now, value.quota_octets,
        credentials=value.credentials, quota_letters=value.quota_letters,
    )  # fmt: skip
    work.site.residents[number] = resident
    resident = work.resident(number)
    inbox = _new_box(work, resident, "INBOX")
    assert inbox.id == INBOX
    for name, special_use in value.mailboxes:
        _new_box(work, resident, name, special_use)
    _directory_changed(work)
    return values.AccountAdded(number)


def _set_account(work: Work, value: values.SetAccount) -> values.Done:
    resident = work.resident(value.account)
    if value.quota_octets is not None:
        resident.quota_octets = value.quota_octets
    if value.quota_letters is not None:
        resident.quota_letters = value.quota_letters
    if value.enabled is not None:
        resident.enabled = value.enabled
    if value.credentials is not None:
        resident.credentials = value.credentials
    return _directory_changed(work)


def _rename_account(work: Work, value: values.RenameAccount) -> values.Done:
    resident = work.resident(value.account)
    if value.address != resident.address:
        _check_address_is_free(work, value.address)
    resident.address = value.address
    resident.shown = value.shown
    return _directory_changed(work)


def _remove_account(work: Work, value: values.RemoveAccount) -> values.Done:
    work.resident(value.account)
    del work.site.residents[value.account]
    return _directory_changed(work)


def _put_alias(work: Work, value: values.PutAlias) -> values.Done:
    _check_domain(work, _domain(value.address), Why.NO_DOMAIN)
    if any(resident.address == value.address for resident in work.site.residents.values()):
        raise StoreFailure(Why.EXISTS, f"an account has the address {value.address!r}")
    work.site.aliases[value.address] = value.targets
    return _directory_changed(work)


def _remove_alias(work: Work, value: values.RemoveAlias) -> values.Done:
    if work.site.aliases.pop(value.address, None) is None:
        raise StoreFailure(Why.GONE, f"no alias {value.address!r}")
    return _directory_changed(work)


def _directory_changed(work: Work) -> values.Done:
    work.site.epoch += 1
    return values.Done()


def _check_domain(work: Work, name: str, why: Why = Why.GONE) -> None:
    if name not in work.site.domains:
        raise StoreFailure(why, f"no domain {name!r}")


def _check_address_is_free(work: Work, address: str) -> None:
    _check_domain(work, _domain(address), Why.NO_DOMAIN)
    taken = any(resident.address == address for resident in work.site.residents.values())
    if taken or address in work.site.aliases:
        raise StoreFailure(Why.EXISTS, f"address {address!r} is taken")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _moved(address: str, domain: str) -> str:
    return f"{address.rpartition('@')[0]}@{domain}"


# ---- leases and trace


def _take_lease(work: Work, value: values.TakeLease) -> values.Done:
    holder, until = work.site.leases.get(value.name, (value.holder, 0))
    if holder != value.holder and until > work.now:
        raise StoreFailure(Why.IN_USE, f"lease {value.name!r} is held by {holder}")
    work.site.leases[value.name] = (value.holder, value.until)
    return values.Done()


def _drop_lease(work: Work, value: values.DropLease) -> values.Done:
    if work.site.leases.get(value.name, ("", 0))[0] == value.holder:
        del work.site.leases[value.name]
    return values.Done()


def _note(work: Work, value: values.Note) -> values.Done:
    work.notes.append(value)
    return values.Done()


def _record_login(work: Work, value: values.RecordLogin) -> values.Done:
    resident = work.resident(value.account)
    rows = [row for row in resident.logins if bool(row.refused) == bool(value.refused)]
    others = [row for row in resident.logins if bool(row.refused) != bool(value.refused)]
    fields = (value.door, value.peer, value.mechanism, value.tls, value.refused)
    last = rows[-1] if rows else None
    if last is not None and fields == (
        last.door, last.peer, last.mechanism, last.tls, last.refused,
    ):  # fmt: skip
        until = max(last.last, value.at)
        rows[-1] = LoginRow(last.first, until, last.count + 1, *fields)
    else:
        rows.append(LoginRow(value.at, value.at, 1, *fields))
    resident.logins = (*others, *rows[-LOGINS_MAX:])
    return values.Done()


_WRITES: Final[dict[type, Callable[[Work, Any], AnyResult]]] = {
    values.Deliver: _deliver,
    values.Append: _append,
    values.Replace: _replace,
    values.SetFlags: _set_flags,
    values.Copy: _copy,
    values.Move: _move,
    values.Expunge: _expunge,
    values.ClaimRecent: _claim_recent,
    values.CreateMailbox: _create_mailbox,
    values.DeleteMailbox: _delete_mailbox,
    values.RenameMailbox: _rename_mailbox,
    values.Subscribe: _subscribe,
    values.AddDomain: _add_domain,
    values.RenameDomain: _rename_domain,
    values.RemoveDomain: _remove_domain,
    values.AddAccount: _add_account,
    values.SetAccount: _set_account,
    values.RenameAccount: _rename_account,
    values.RemoveAccount: _remove_account,
    values.PutAlias: _put_alias,
    values.RemoveAlias: _remove_alias,
    values.TakeLease: _take_lease,
    values.DropLease: _drop_lease,
    values.Note: _note,
    values.RecordLogin: _record_login,
    **QUEUE_WRITES,
}
