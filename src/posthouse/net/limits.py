"""[net]: what one worker lets peers do, before any protocol is spoken."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True)
class NetSettings:
    """[net] - connections: how many, how long, how much is kept for a peer that does not read."""

    connections_per_worker_max: int = setting(
        10_000, "Connections open in one worker at a time; more are told to come later.", least=10
    )
    connections_per_address_max: int = setting(
        200, "Connections from one address open in one worker at a time.", least=1
    )
    backlog_max: int = setting(
        1024, "Connections the kernel keeps waiting to be accepted, a listener.", least=1
    )
    handshake_seconds_max: int = setting(
        20, "How long a TLS handshake may take.", least=1, most=300
    )
    handshake_octets_max: int = setting(
        32_768, "Octets a peer may send before its TLS handshake stands.", least=4096
    )
    handshakes_per_second_max: int = setting(
        1000, "TLS handshakes begun in one worker in a second; more wait their turn.", least=1
    )
    write_buffer_octets_max: int = setting(
        262_144, "Output kept for a peer before its session waits for it to read.", least=4096
    )
    stall_seconds_max: int = setting(
        300, "How long a peer may leave its output unread.", least=1, most=3600
    )
    close_seconds_max: int = setting(
        30, "How long the last output may take to leave when a connection is closed.", least=1
    )
    questions_per_turn_max: int = setting(
        32, "Questions of one connection answered before others get their turn.", least=1, most=1000
    )
    drain_seconds_max: int = setting(
        20, "How long commands in flight may take when the server stops.", least=0, most=600
    )
