"""One IMAP session, the house's side: each question goes to its handler, then comes what is new.

The handlers stand in files by subject. They raise StoreFailure, MailboxLost and NoSuchMessage; what
the client hears of that is decided here, once. RFC 3501 7.1, 5530
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from posthouse.base.errors import Refusal
from posthouse.net.steps import Steps
from posthouse.read.imap import (
    append,
    copy,
    expunge,
    fetch,
    idle,
    lists,
    login,
    mailboxes,
    news,
    quota,
    replace,
    search,
    select,
    sort,
    store_flags,
)
from posthouse.read.imap.failures import refused
from posthouse.read.imap.ports import ImapHouse, Line, LoggedIn
from posthouse.read.imap.view import MailboxLost, NoSuchMessage, View
from posthouse.store.contract import StoreFailure, Watch
from posthouse.wire.imap import commands
from posthouse.wire.imap.answers import SERVERBUG, Bad, Challenge, Done, No
from posthouse.wire.imap.server import ImapServer

Answer = Done | Challenge | None
Handler = Callable[["ImapVisit", Any], Awaitable[Answer]]


class ImapVisit:
    """Answers the questions of one connection."""

    __slots__ = (
        "_pushing",
        "_scheduled",
        "_watch",
        "condstore",
        "core",
        "exchange",
        "house",
        "line",
        "peer",
        "qresync",
        "rev2",
        "upload",
        "user",
        "view",
    )

    def __init__(self, house: ImapHouse, core: ImapServer, line: Line, peer: str) -> None:
        self.house = house
        self.core = core
        self.line = line
        self.peer = peer
        self.user: LoggedIn | None = None
        self.view: View | None = None
        self.condstore = False
        """The client wants to hear MODSEQs. RFC 7162 3.1"""
        self.qresync = False
        """It hears VANISHED instead of EXPUNGE. RFC 7162 3.2"""
        self.rev2 = False
        """It speaks IMAP4rev2: no \\Recent, ESEARCH for SEARCH, LIST in SELECT. RFC 9051 E"""
        self.exchange: login.Exchange | None = None
        self.upload: append.Upload | None = None
        self._watch: Watch | None = None
        self._scheduled = False
        self._pushing: Any = None  # a push that waits: Steps

    @property
    def account(self) -> int:
        """The account; the core asks nothing that needs it before log-in."""
        assert self.user is not None
        return self.user.account

    @property
    def names_uids(self) -> bool:
        """FETCH data that nobody asked for has the UID. RFC 7162 3.2.4, 9051 7.5.2"""
        return self.qresync or self.rev2

    @property
    def hears_closed(self) -> bool:
        """It wants to know where the answers about one mailbox end. RFC 7162 3.2.11, 9051 6.3.2"""
        return self.condstore or self.rev2

    @property
    def selected(self) -> View:
        """The selected mailbox; the core asks nothing that needs it when there is none."""
        assert self.view is not None
        return self.view

    async def answer(self, question: Any) -> Answer:
        """The answer to one question of the core, after all untagged data."""
        if self._pushing is not None:
            await self._pushed()
        self.house.row.add("imap_commands_total")
        try:
            return await self._answer(question)
        except Refusal as refusal:
            return No(refusal.say)
        except Exception as error:  # noqa: BLE001 - the client gets an answer, we the traceback
            self.house.row.add("faults_total")
            self.house.log.fault("imap.fault", error, peer=self.peer)
            return No("The server failed, please try again later", SERVERBUG)

    async def _answer(self, question: Any) -> Answer:
        try:
            answer = await _HANDLERS[type(question)](self, question)
        except StoreFailure as failure:
            answer = refused(failure, self.house.log)
        except NoSuchMessage:
            answer = Bad("There is no message with such a number")
        except MailboxLost as lost:
            return self._lose(lost)
        view = self.view
        if view is not None:
            try:
                await news.tell_after(self, view, question)
            except MailboxLost as lost:
                return self._lose(lost)
            except StoreFailure as failure:
                # The command itself is done; what is new can be told later.
                self.house.log.warning("imap.news_failed", why=failure.why.name)
            if view.is_behind and isinstance(question, commands.IdleStarted):
                # A word came while we looked: the client idles when it is told.
                self._schedule()
        return answer

    def ended(self) -> None:
        """The connection is gone."""
        self.leave()
        if self._pushing is not None:
            self._pushing.cancel()
            self._pushing = None
        if self.upload is not None:
            self.upload.drop()
            self.upload = None
        self.house.row.add("imap_sessions", -1)

    # ---- the selected mailbox

    def enter(self, view: View) -> None:
        """From now on this mailbox is watched."""
        assert self.view is None
        self.view = view
        self._watch = self.house.store.watch(view.account, self._noticed)

    def leave(self) -> None:
        """No mailbox is selected any more."""
        self.view = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _lose(self, lost: MailboxLost) -> No:
        self.leave()
        self.core.bye(str(lost))
        return No(str(lost))

    # ---- IDLE

    def _noticed(self, modseq: int) -> None:
        """The account changed: only remembered, unless the client idles."""
        view = self.view
        if view is None or modseq <= view.synced:
            return
        view.hear(modseq)
        if self.core.is_idle:
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.house.loop.call_soon(self._push)

    def _push(self) -> None:
        """Once a turn, however many words came: tell the idle client. Steps its work by hand."""
        self._scheduled = False
        view = self.view
        if view is None or not self.core.is_idle or not view.is_behind or self._pushing is not None:
            return
        telling = news.tell(self, view, expunge=True)
        try:
            given = telling.send(None)
        except StopIteration:
            self.line.flush()
        except Exception as error:  # noqa: BLE001 - nothing may reach the loop
            self._push_failed(error)
        else:
            self._pushing = Steps(telling, given, self._push_ended, self.house.loop)

    def _push_ended(self, _result: object, error: BaseException | None) -> None:
        self._pushing = None
        if error is not None:
            self._push_failed(error)
            return
        self.line.flush()
        view = self.view
        if view is not None and view.is_behind:
            self._noticed(view.noticed)

    def _push_failed(self, error: BaseException) -> None:
        if isinstance(error, MailboxLost):
            self._lose(error)
            self.line.flush()
        elif isinstance(error, StoreFailure):
            self.house.log.warning("imap.news_failed", why=error.why.name)
        else:
            self.house.row.add("faults_total")
            self.house.log.fault("imap.fault", error, peer=self.peer)
            self.line.abort()

    async def _pushed(self) -> None:
        """Waits until a push that began during IDLE is through."""
        while self._pushing is not None:
            await self.line.turn()


_HANDLERS: Final[dict[type, Handler]] = {
    commands.Noop: idle.noop,
    commands.Check: idle.noop,
    commands.Id: login.identify,
    commands.Login: login.log_in,
    commands.AuthStarted: login.start_exchange,
    commands.AuthData: login.go_on,
    commands.Unauthenticate: login.unauthenticate,
    commands.Enable: login.enable,
    commands.Namespace: mailboxes.namespace,
    commands.Select: select.select,
    commands.Close: select.close,
    commands.Unselect: select.unselect,
    commands.Create: mailboxes.create,
    commands.Delete: mailboxes.delete,
    commands.Rename: mailboxes.rename,
    commands.Subscribe: mailboxes.subscribe,
    commands.Unsubscribe: mailboxes.unsubscribe,
    commands.List: lists.list_mailboxes,
    commands.Lsub: lists.list_subscribed,
    commands.Status: lists.status,
    commands.GetQuota: quota.get_quota,
    commands.GetQuotaRoot: quota.get_quota_root,
    commands.SetQuota: quota.set_quota,
    commands.AppendOffered: append.offered,
    commands.AppendPiece: append.piece,
    commands.ReplaceOffered: replace.offered,
    commands.Replace: replace.replace,
    commands.AppendAborted: append.aborted,
    commands.Append: append.append,
    commands.IdleStarted: idle.begin,
    commands.IdleEnded: idle.end,
    commands.Expunge: expunge.expunge,
    commands.Search: search.search,
    commands.SearchDeclined: search.declined,
    commands.Sort: sort.sort,
    commands.Thread: sort.thread,
    commands.Fetch: fetch.fetch,
    commands.Store: store_flags.store,
    commands.Copy: copy.copy,
    commands.Move: copy.move,
}
