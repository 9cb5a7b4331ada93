#!/usr/bin/env python3
"""One load for any mail server: the same work against Posthouse and its peers, as JSON lines.

    mailbench.py WORKLOAD --name NAME --smtp H:P --imap H:P --pop3 H:P --pids P,P [options]

Needs smtp-source and smtp-sink of Debian's postfix package on the path: C programs, so that the
generator is not the bottleneck. Users u0 ... u99@bench.test, password "secret". --pids are the
server's root processes: CPU is summed over their trees.

deliver   smtp-source -> server -> mailboxes; the clock stops when IMAP STATUS shows every message
relay     smtp-source -> server -> smtp-sink on --sink; the clock stops when the sink has all
fill      APPENDs --count messages of --size into u0's mailbox "big"
scan      on "big": SELECT, FETCH of flags, envelopes, headers, bodies, STORE, SEARCH, SORT, THREAD
commands  --sessions clients, each its own user, a fixed mix of IMAP commands for --seconds
idle      --sessions authenticated IMAP sessions in IDLE: the server's memory for each (PSS)
latency   SMTP 250 to the untagged EXISTS of an idling session: median and 99th percentile
busy      the same while --sessions IMAP clients run the command mix for --seconds
pop3      one session: UIDL, then RETR of up to 1,000 messages of u0's INBOX
drop      u98's INBOX of --count letters by POP3: log-in with STAT, LIST, UIDL
login     log-ins a second at --sessions parallel
storm     --sessions IMAP clients come at once; the seconds until each has INBOX selected

--starttls: deliver or relay over STARTTLS. --auth: over STARTTLS to --submission, logged in.
--tls: idle and storm over implicit TLS.
"""

import argparse
import asyncio
import json

import fetching
import reading
import sending

WORKLOADS = {
    work.__name__: work
    for work in (
        sending.deliver,
        sending.relay,
        sending.latency,
        sending.busy,
        reading.fill,
        reading.scan,
        reading.commands,
        reading.idle,
        reading.login,
        reading.storm,
        fetching.pop3,
        fetching.drop,
    )
}


def main() -> None:
    """Runs one workload and prints its figures as one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--name", default="?")
    parser.add_argument("--smtp", default="127.0.0.1:2525")
    parser.add_argument("--submission", default="127.0.0.1:2587")
    parser.add_argument("--imap", default="127.0.0.1:2143")
    parser.add_argument("--pop3", default="127.0.0.1:2110")
    parser.add_argument("--pids", default="")
    parser.add_argument("--sink", type=int, default=22026)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--boxes", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--keep", action="store_true", help="many messages per connection")
    parser.add_argument("--starttls", action="store_true", help="letters over STARTTLS")
    parser.add_argument("--auth", action="store_true", help="letters by submission, logged in")
    parser.add_argument("--tls", action="store_true", help="idle, storm over implicit TLS")
    wanted = parser.parse_args()
    wanted.pids = [int(pid) for pid in wanted.pids.split(",") if pid]
    figures = asyncio.run(WORKLOADS[wanted.workload](wanted))
    head = {
        "server": wanted.name,
        "workload": wanted.workload,
        "size": wanted.size,
        "sessions": wanted.sessions,
        "keep": wanted.keep,
    }
    print(json.dumps(head | figures))


if __name__ == "__main__":
    main()
