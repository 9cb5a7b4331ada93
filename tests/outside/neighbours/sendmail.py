"""Debian's sendmail 8.17 as a neighbour.

Its settings are made by m4 on its machine, as its admins do it. A mailer of it sends to one port,
so every route has one of its own.
"""

from typing import Final

from outside.neighbours.neighbour import Kind, Machine, Route, Settings
from outside.neighbours.tls import CERTIFICATE, KEY, certificate_files

_SENDMAIL: Final = "/usr/libexec/sendmail/sendmail"
_SOURCE = """divert(-1)
define(`_CF_DIR_', `/usr/share/sendmail/cf/')
include(`/usr/share/sendmail/cf/m4/cf.m4')
divert(0)
OSTYPE(`linux')
define(`confDOMAIN_NAME', `{host}')
define(`QUEUE_DIR', `/mnt/spool')
define(`STATUS_FILE', `/mnt/statistics')
define(`confPID_FILE', `/run/sendmail.pid')
define(`confSERVER_CERT', `{certificate}')
define(`confSERVER_KEY', `{key}')
define(`confCACERT_PATH', `/etc/ssl/certs')
define(`confCACERT', `{certificate}')
define(`confTLS_SRV_OPTIONS', `V')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTO_IDENT', `0')
define(`confMIN_QUEUE_AGE', `0')
define(`confMAX_MESSAGE_SIZE', `{letter_octets_max}')
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')
define(`confLOG_LEVEL', `10')
define(`confDOUBLE_BOUNCE_ADDRESS', `')
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')
define(`LOCAL_MAILER_PATH', `/etc/mail/deliver')
define(`LOCAL_MAILER_ARGS', `deliver $u')
define(`LOCAL_MAILER_FLAGS', `Pno8')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`mailertable')
FEATURE(`virtusertable')
FEATURE(`access_db')
FEATURE(`blocklist_recipients')
DAEMON_OPTIONS(`Name=MTA, Addr={address}, Port={port}, Family=inet')
MAILER(`local')
MAILER(`smtp')
LOCAL_CONFIG
Cw{domains} {host}
MAILER_DEFINITIONS
{mailers}
"""

_MAILER = (
    "M{name}, P=[IPC], F=mDFMuXa8{flags}, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\\r\\n, "
    "L=998, T=DNS/RFC822/SMTP, A={place}"
)

_MAKE_MAP = "umask 022; makemap hash /etc/mail/{0} < /etc/mail/{0}"

_DELIVER = """#!/bin/sh
# A letter for one user, on standard input, into the Maildir.
set -e
umask 077
box=/mnt/home/$1/Maildir
mkdir -p $box/new $box/tmp
cat > $box/tmp/$$
mv $box/tmp/$$ $box/new/$(date +%s%N).$$
"""


def machine(settings: Settings) -> Machine:
    """The source of sendmail.cf, its tables, and the program that delivers."""
    routes = {f"route{n}": (d, r) for n, (d, r) in enumerate(settings.routes.items())}
    access = {f"Connect:{settings.address}": "RELAY", "Connect:127.0.0.1": "RELAY"}
    for name, (domain, route) in routes.items():
        host = _place(name, route)
        access[f"To:{domain}"] = "RELAY"
        if route.user:
            log_in = f'"U:{route.user}" "P:{route.password}" "M:PLAIN"'
            access[f"AuthInfo:{host}"] = log_in
        access |= {f"TLS_Srv:{host}": "ENCR:112"} if route.tls else {f"Try_TLS:{host}": "NO"}
    access |= {f"To:{domain}": "RELAY" for domain in settings.relay_domains}
    access |= {f"To:{one}": 'ERROR:"451 4.7.1 come again later"' for one in settings.deferred}
    hops = {d: f"{name}:[{_place(name, r)}]" for name, (d, r) in routes.items()}
    hosts = {_place(name, r): r.address for name, (_, r) in routes.items() if not r.socket}
    text = _SOURCE.format(
        address=settings.address,
        port=settings.port,
        host=settings.host,
        domains=" ".join(settings.domains),
        letter_octets_max=settings.letter_octets_max,
        certificate=CERTIFICATE,
        key=KEY,
        mailers="\n".join(_mailer(name, route) for name, (_, route) in routes.items()),
    )
    order = "files dns" if settings.name_server else "files"
    return Machine(
        files={
            "/etc/mail/own.mc": text,
            "/etc/mail/deliver": _DELIVER,
            "/etc/mail/service.switch": f"hosts {order}\naliases files\n",
            "/etc/mail/mailertable": _table(hops),
            "/etc/mail/virtusertable": _table(settings.aliases),
            "/etc/mail/access": _table(access),
            "/etc/mail/aliases": "postmaster: root\nMAILER-DAEMON: postmaster\n",
            **certificate_files(settings.host),
        },
        names=hosts,
        folders={"/mnt/spool": "root"},
        before=(
            ("sh", "-c", "umask 022; m4 /etc/mail/own.mc > /etc/mail/sendmail.cf"),
            *(
                ("sh", "-c", _MAKE_MAP.format(name))
                for name in ("mailertable", "virtusertable", "access")
            ),
            (_SENDMAIL, "-bi"),
        ),
        command=(_SENDMAIL, "-bD", f"-q{settings.retry_seconds}s"),
    )


def _place(name: str, route: Route) -> str:
    """Its host: a name of its own, for TLS is asked for by host and not by port."""
    return f"{name}.invalid" if not route.socket else "localhost"


def _mailer(name: str, route: Route) -> str:
    place = f"FILE {route.socket}" if route.socket else f"TCP $h {route.port}"
    return _MAILER.format(name=name, flags="z" if route.protocol == "lmtp" else "", place=place)


def _table(rows: dict[str, str]) -> str:
    return "".join(f"{key}\t{value}\n" for key, value in rows.items())


SENDMAIL: Final = Kind(
    name="sendmail",
    packages=("sendmail-bin", "libsasl2-modules"),
    users={"smmta": 64_021, "smmsp": 64_022},
    machine=machine,
    queue_command=(_SENDMAIL, "-bp"),
    queue_is_empty=lambda said: "is empty" in said,
    flush_command=(_SENDMAIL, "-q"),
)
