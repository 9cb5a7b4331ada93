"""The configuration of the peers, as a good admin would tune them for a busy site.

No client limits, no input delay, long-lived login processes, LMTP over a unix socket with 20
parallel deliveries. Durability is each program's default: Postfix syncs the queue file before 250;
Dovecot's mail_fsync=optimized syncs what LMTP delivers before it answers.
"""

import os
from pathlib import Path

BASE = int(os.environ.get("BENCH_BASE", "22000"))  # another base when these ports are taken
PORTS = {
    "smtp": BASE + 25,
    "submission": BASE + 587,
    "imap": BASE + 143,
    "imaps": BASE + 993,
    "pop3": BASE + 110,
    "sink": BASE + 26,
}
USERS = 100

_DOVECOT = """
base_dir = {folder}/dovecot/run
state_dir = {folder}/dovecot/run
protocols = imap pop3 lmtp
instance_name = bench
listen = 127.0.0.1
log_path = {folder}/dovecot/log
{tls}
disable_plaintext_auth = no
auth_mechanisms = plain
auth_cache_size = 10M
default_internal_user = dovecot
default_login_user = dovenull
default_client_limit = 4000
default_process_limit = 2500
default_vsz_limit = 0
first_valid_uid = 1
mail_location = {location}
mail_max_userip_connections = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/dovecot/users
}}
userdb {{
  driver = static
  args = uid=benchmail gid=benchmail home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap {{
  service_count = 256
}}
service lmtp {{
  process_min_avail = 4
  unix_listener {folder}/dovecot/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service auth {{
  client_limit = 12000
  unix_listener {folder}/dovecot/sasl {{
    mode = 0666
  }}
}}
service anvil {{
  client_limit = 12000
  unix_listener anvil {{
    mode = 0666
  }}
}}
"""

_POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/postfix/spool
data_directory = {folder}/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
multi_instance_name = postfix-bench
multi_instance_enable = yes
myhostname = mail.bench.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = bench.test
virtual_mailbox_maps = texthash:{folder}/postfix/conf/vmailbox
virtual_transport = lmtp:unix:{folder}/dovecot/lmtp
relay_domains = sink.test
transport_maps = texthash:{folder}/postfix/conf/transport
default_process_limit = 200
lmtp_destination_concurrency_limit = 20
smtp_destination_concurrency_limit = 50
initial_destination_concurrency = 20
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
{tls}
smtp_tls_security_level = none
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/dovecot/sasl
message_size_limit = 20480000
maillog_file = {folder}/postfix/log
maillog_file_prefixes = {folder}
qmgr_message_active_limit = 20000
biff = no
"""

_MASTER = """127.0.0.1:{smtp} inet n - n - 200 smtpd
127.0.0.1:{submission} inet n - n - 200 smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def dovecot(folder: Path, store: str, *, tls: bool) -> str:
    """dovecot.conf; with TLS, IMAP over TLS has its own port."""
    location = {
        "sdbox": f"sdbox:{folder}/mail/%n",
        "maildir": f"maildir:{folder}/mail/%n/Maildir",
    }[store]
    own = f"ssl = yes\nssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem"
    return _DOVECOT.format(
        folder=folder,
        location=location,
        tls=own if tls else "ssl = no",
        **(PORTS | ({} if tls else {"imaps": 0})),
    )


def postfix(folder: Path, *, tls: bool) -> str:
    """main.cf; with TLS, STARTTLS is offered."""
    own = (
        f"smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {folder}/cert.pem\n"
        f"smtpd_tls_key_file = {folder}/key.pem"
    )
    return _POSTFIX.format(folder=folder, tls=own if tls else "smtpd_tls_security_level = none")


def master() -> str:
    """master.cf."""
    return _MASTER.format(**PORTS)


def users() -> str:
    """Dovecot's passwd-file."""
    return "".join(f"u{number}@bench.test:secret\n" for number in range(USERS))


def mailboxes() -> str:
    """Postfix's map of those who live here."""
    return "".join(f"u{number}@bench.test x\n" for number in range(USERS))


def transport() -> str:
    """Where Postfix relays to."""
    return f"sink.test smtp:[127.0.0.1]:{PORTS['sink']}\n"
