"""Postfix as a neighbour."""

from typing import Final

from outside.neighbours.neighbour import Kind, Machine, Route, Settings
from outside.neighbours.tls import CERTIFICATE, KEY, certificate_files

_MAIN = """
compatibility_level = 3.6
queue_directory = /mnt/spool
data_directory = /var/lib/postfix
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
inet_protocols = ipv4
inet_interfaces = {interfaces}
proxy_interfaces = {address}
smtp_bind_address = {address}
myhostname = {host}
mydomain = {domain}
mydestination = {domains}, {host}
myorigin = {domain}
mynetworks = 127.0.0.0/8 {address}/32
home_mailbox = Maildir/
alias_maps =
local_recipient_maps = proxy:unix:passwd.byname
virtual_alias_maps = texthash:/etc/postfix/virtual
transport_maps = texthash:/etc/postfix/transport
relay_domains = {relay_domains}
smtp_host_lookup = {lookup}
smtp_dns_support_level = {dns_support}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:/etc/postfix/deferred
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtp_tls_security_level = may
smtp_tls_loglevel = 1
lmtp_tls_loglevel = 1
smtp_sasl_password_maps = texthash:/etc/postfix/passwords
smtp_sasl_security_options = noanonymous
smtputf8_enable = yes
message_size_limit = {letter_octets_max}
mailbox_size_limit = 0
queue_run_delay = {retry}s
minimal_backoff_time = {retry}s
maximal_backoff_time = {retry}s
transport_retry_time = {retry}s
smtp_connect_timeout = 5s
biff = no
in_flow_delay = 0
"""

_MASTER = """
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n {retry} 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
secure unix - - n - - smtp -o smtp_tls_security_level=encrypt
known unix - - n - - smtp -o smtp_tls_security_level=encrypt -o smtp_sasl_auth_enable=yes
open unix - - n - - smtp -o smtp_tls_security_level=none
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


def machine(settings: Settings) -> Machine:
    """Its two files of settings, and a table for each of the maps."""
    is_loopback = settings.address.startswith("127.") and settings.address != "127.0.0.1"
    known = {
        "address": settings.address,
        # It wants an interface that bears the address; all of 127.0.0.0/8 work without one.
        "interfaces": "all" if is_loopback else settings.address,
        "port": settings.port,
        "host": settings.host,
        "domain": settings.domain,
        "domains": ", ".join(settings.domains),
        "relay_domains": ", ".join([*settings.routes, *settings.relay_domains]),
        "lookup": "dns, native" if settings.name_server else "native",
        "dns_support": "enabled" if settings.name_server else "disabled",
        "letter_octets_max": settings.letter_octets_max,
        "retry": settings.retry_seconds,
        "certificate": CERTIFICATE,
        "key": KEY,
    }
    tables = {
        "transport": {d: f"{_service(r)}:{_next_hop(r)}" for d, r in settings.routes.items()},
        "passwords": {
            _next_hop(r): f"{r.user}:{r.password}" for r in settings.routes.values() if r.user
        },
        "virtual": settings.aliases,
        "deferred": dict.fromkeys(settings.deferred, "451 4.7.1 come again later"),
    }
    return Machine(
        files={
            "/etc/postfix/main.cf": _MAIN.format(**known),
            "/etc/postfix/master.cf": _MASTER.format(**known).lstrip(),
            "/etc/postfix/dynamicmaps.cf": "",
            **certificate_files(settings.host),
            **{f"/etc/postfix/{name}": _table(rows) for name, rows in tables.items()},
        },
        folders={"/mnt/spool": "root", "/var/lib/postfix": "postfix"},
        command=("/usr/sbin/postfix", "start-fg"),
    )


def _service(route: Route) -> str:
    if route.protocol == "lmtp":
        return "lmtp"
    if route.user:
        return "known"
    return "secure" if route.tls else "open"


def _next_hop(route: Route) -> str:
    return f"unix:{route.socket}" if route.socket else f"[{route.address}]:{route.port}"


def _table(rows: object) -> str:
    assert isinstance(rows, dict)
    return "".join(f"{key} {value}\n" for key, value in rows.items())


POSTFIX: Final = Kind(
    name="postfix",
    packages=("postfix", "libsasl2-modules"),
    users={"postfix": 64_001, "postdrop": 64_002},
    machine=machine,
    queue_command=("postqueue", "-p"),
    queue_is_empty=lambda said: "Mail queue is empty" in said,
    flush_command=("postqueue", "-f"),
    speaks_utf8=True,
)
