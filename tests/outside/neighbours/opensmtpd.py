"""OpenSMTPD as a neighbour."""

from typing import Final

from outside.neighbours.neighbour import Kind, Machine, Route, Settings
from outside.neighbours.tls import CERTIFICATE, KEY, certificate_files

_CONFIGURATION = """
pki {host} cert "{certificate}"
pki {host} key "{key}"
smtp max-message-size "{letter_octets_max}"
{filter}
listen on {address} port {port} tls pki {host} hostname {host} {filtered}
table aliases {{ {aliases} }}
table secrets {{ {secrets} }}
action people maildir alias <aliases>
{actions}
match from any for domain {{ {domains} }} action people
{matches}
"""

_LATER = 'phase rcpt-to match rcpt-to {{ {} }} reject "451 4.7.1 come again later"'

_MAY_CONTROL = "chgrp opensmtpq /usr/sbin/smtpctl; chmod g+s /usr/sbin/smtpctl"

_NOW = """smtpctl show routes | cut -d. -f1 | xargs -r -n 1 smtpctl resume route
smtpctl schedule all"""
"""A host that was away once is left alone for 15 seconds, whatever waits for it."""


def machine(settings: Settings) -> Machine:
    """One file; an action for each route."""
    aliases = {one.partition("@")[0]: to.partition("@")[0] for one, to in settings.aliases.items()}
    grey = ", ".join(f'"{address}"' for address in settings.deferred)
    routes = list(enumerate(settings.routes.items()))
    actions = [f"action route{n} {_action(route, settings)}" for n, (_, route) in routes]
    matches = [f'match from any for domain "{domain}" action route{n}' for n, (domain, _) in routes]
    actions.append(f"action by_mx relay helo {settings.host} src {settings.address}")
    matches += [f'match from any for domain "{d}" action by_mx' for d in settings.relay_domains]
    matches.append("match from local for any action by_mx")
    text = _CONFIGURATION.format(
        address=settings.address,
        port=settings.port,
        host=settings.host,
        domains=", ".join(f'"{domain}"' for domain in (*settings.domains, settings.host)),
        filter=f"filter later {_LATER.format(grey)}" if grey else "",
        filtered="filter later" if grey else "",
        letter_octets_max=settings.letter_octets_max,
        aliases=", ".join(f'"{a}" = "{to}"' for a, to in {"postmaster": "root", **aliases}.items()),
        secrets=", ".join(_secrets(settings)) or '"nobody" = "none:none"',
        actions="\n".join(actions),
        matches="\n".join(matches),
        certificate=CERTIFICATE,
        key=KEY,
    )
    return Machine(
        files={
            "/etc/smtpd.conf": text,
            **certificate_files(settings.host),
        },
        folders={"/mnt/spool": "root"},
        binds={"/var/spool/smtpd": "/mnt/spool"},
        before=(("sh", "-c", _MAY_CONTROL),),
        command=("/usr/sbin/smtpd", "-F"),
    )


def _action(route: Route, settings: Settings) -> str:
    if route.protocol == "lmtp":
        return f'lmtp "{route.socket or f"{route.address}:{route.port}"}" rcpt-to'
    scheme, verify = ("smtp+tls", "tls no-verify") if route.tls else ("smtp+notls", "")
    label, log_in = (f"at{route.port}@", "auth <secrets>") if route.user else ("", "")
    place = f"{scheme}://{label}{route.address}:{route.port}"
    return f'relay host "{place}" helo {settings.host} {verify} {log_in}'


def _secrets(settings: Settings) -> list[str]:
    known = [route for route in settings.routes.values() if route.user]
    return [f'"at{route.port}" = "{route.user}:{route.password}"' for route in known]


OPENSMTPD: Final = Kind(
    name="opensmtpd",
    packages=("opensmtpd",),
    users={"opensmtpd": 64_031, "opensmtpq": 64_032},
    machine=machine,
    queue_command=("smtpctl", "show", "queue"),
    queue_is_empty=lambda said: not said.strip(),
    flush_command=("sh", "-c", _NOW),
)
