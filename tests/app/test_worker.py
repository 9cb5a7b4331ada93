"""A worker in one process: what it needs, and how it ends. The rest is seen from outside."""

import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from echo_house import PLAN, EchoDoor
from net_world import World, contexts
from posthouse.app.config_load import parse_config
from posthouse.app.worker import Crew, Worker
from posthouse.base.metrics import Metrics


class Certificates:
    end_point = b""

    def __init__(self, context: Any) -> None:
        self.context = context

    def reload(self) -> None: ...


@pytest.mark.parametrize("kind", ["uvloop", "asyncio"])
def test_it_serves_tcp_and_unix_and_drains(kind: str, tmp_path: Path) -> None:
    """Both kinds of sockets; the end of the supervisor's pipe is the end of the worker."""
    world = World(kind)
    tcp = socket.create_server(("127.0.0.1", 0))
    address = tcp.getsockname()
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "l.sock"))
    unix.listen(5)
    crew = Crew(
        config=parse_config("hostname = 'mail.test'\n", None, {}),
        clock=world.log._clock,
        log=world.log,
        metrics=Metrics(),
        certificates=Certificates(contexts(tmp_path)[0]),  # type: ignore[arg-type]
        listeners=[("smtp", tcp), ("lmtp", unix)],
        doors={"smtp": EchoDoor, "lmtp": EchoDoor},  # type: ignore[dict-item]
        open_store=PLAN.open_store,
        number=0,
    )
    worker = Worker(crew, crew.metrics.row(2), world.loop)
    world.loop.run_until_complete(worker.start())
    read, write = os.pipe()
    world.loop.add_reader(read, worker.orphaned, read)
    said: list[bytes] = []

    def client() -> None:
        for family, where in (
            (socket.AF_INET, address),
            (socket.AF_UNIX, str(tmp_path / "l.sock")),
        ):
            with socket.socket(family) as way:
                way.connect(where)
                way.sendall(b"hi\nquit\n")
                said.append(b"".join(iter(lambda w=way: w.recv(100), b"")))
        with socket.create_connection(address) as idle:
            idle.recv(100)
            os.close(write)
            said.append(idle.recv(100))

    thread = threading.Thread(target=client)
    thread.start()
    world.loop.run_forever()  # stops by itself
    thread.join()
    worker.close()
    worker.drain()  # again is nothing
    os.close(read)
    assert said == [b"hello mail.test\r\nhi\r\nbye\r\n"] * 2 + [b"closing\r\n"]
    assert (tmp_path / "l.sock").exists()  # the path is the supervisor's
    assert any(b"worker.orphaned" in line for line in world.lines)
    world.close()
