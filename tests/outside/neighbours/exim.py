"""Exim as a neighbour."""

from typing import Final

from outside.neighbours.neighbour import Kind, Machine, Route, Settings
from outside.neighbours.tls import CERTIFICATE, KEY, certificate_files
from outside.server import PASSWORD

_CONFIGURATION = """
primary_hostname = {host}
qualify_domain = {domain}
local_interfaces = <; {address}
daemon_smtp_ports = {port}
spool_directory = /mnt/spool
log_file_path = syslog
syslog_timestamp = false
syslog_duplication = false
log_selector = +tls_cipher +received_recipients +smtp_confirmation -queue_run
keep_environment =
domainlist local_domains = {domains} : {host}
domainlist relay_domains = {relay_domains}
hostlist relay_hosts = {address} : 127.0.0.1
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data
message_size_limit = {letter_octets_max}
host_lookup =
rfc1413_hosts =
dns_dnssec_ok = 0
tls_advertise_hosts = *
dsn_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}

begin acl
check_recipient:
  defer   recipients = {deferred}
          message = 4.7.1 come again later
  accept  domains = +local_domains
          verify = recipient
  deny    domains = +local_domains
          message = unknown user
  accept  hosts = +relay_hosts
  accept  domains = +relay_domains
  deny    message = relay not permitted
check_data:
  accept

begin routers
aliases:
  driver = redirect
  domains = +local_domains
  data = ${{lookup{{$local_part@$domain}}lsearch{{/etc/exim4/virtual}}}}
people:
  driver = accept
  domains = +local_domains
  check_local_user
  transport = maildir
{routers}
begin transports
maildir:
  driver = appendfile
  directory = $home/Maildir
  maildir_format
  return_path_add
  envelope_to_add
  delivery_date_add
{transports}
begin retry
*  *  F,4d,{retry}s

begin authenticators
served:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{ann}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
{authenticators}
"""

_BY_MX = """by_mx:
  driver = dnslookup
  domains = ! +local_domains
  self = send
  transport = smtp_may
  no_more
"""


def machine(settings: Settings) -> Machine:
    """One file; a router and a transport for each route."""
    routes = list(enumerate(settings.routes.items()))
    routers = [_router(number, domain, route.address) for number, (domain, route) in routes]
    transports = [_transport(number, route) for number, (_, route) in routes]
    if settings.name_server:
        routers.append(_BY_MX)
        transports.append("smtp_may:\n  driver = smtp\n  hosts_try_dane =\n")
    text = _CONFIGURATION.format(
        address=settings.address,
        port=settings.port,
        host=settings.host,
        domain=settings.domain,
        domains=" : ".join(settings.domains),
        deferred=" : ".join(settings.deferred),
        relay_domains=" : ".join([*settings.routes, *settings.relay_domains]),
        letter_octets_max=settings.letter_octets_max,
        retry=settings.retry_seconds,
        certificate=CERTIFICATE,
        key=KEY,
        routers="".join(routers),
        password=PASSWORD,
        authenticators="".join(_log_in(number, route) for number, (_, route) in routes),
        transports="".join(transports),
    )
    aliases = "".join(f"{one}: {other}\n" for one, other in settings.aliases.items())
    return Machine(
        files={
            "/etc/exim4/exim4.conf": text,
            "/etc/exim4/virtual": aliases,
            **certificate_files(settings.host),
        },
        folders={"/mnt/spool": "Debian-exim"},
        secrets_of="Debian-exim",
        command=("/usr/sbin/exim4", "-bdf", f"-q{settings.retry_seconds}s"),
    )


def _router(number: int, domain: str, address: str) -> str:
    return (
        f"route{number}:\n  driver = manualroute\n  domains = {domain}\n"
        f"  route_list = * {address}\n  self = send\n  transport = route{number}\n"
    )


def _transport(number: int, route: Route) -> str:
    if route.socket:
        return f"route{number}:\n  driver = lmtp\n  socket = {route.socket}\n  batch_max = 20\n"
    tls = "hosts_require_tls = *" if route.tls else "hosts_avoid_tls = *"
    return (
        f"route{number}:\n  driver = smtp\n  protocol = {route.protocol}\n  port = {route.port}\n"
        f"  hosts_try_dane =\n  {tls}\n" + ("  hosts_require_auth = *\n" if route.user else "")
    )


def _log_in(number: int, route: Route) -> str:
    """Used by transports that want one; with two of them, both would try the first."""
    if not route.user:
        return ""
    return (
        f"client{number}:\n  driver = plaintext\n  public_name = PLAIN\n"
        f"  client_send = ^{route.user}^{route.password}\n"
    )


EXIM: Final = Kind(
    name="exim",
    packages=("exim4-daemon-light",),
    users={"Debian-exim": 64_011},
    machine=machine,
    queue_command=("exim4", "-bp"),
    queue_is_empty=lambda said: not said.strip(),
    flush_command=("exim4", "-qff"),
    speaks_utf8=True,
)
