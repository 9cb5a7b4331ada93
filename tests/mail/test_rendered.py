import msgspec

from posthouse.mail.render import render
from posthouse.mail.rendered import RENDER_VERSION, Rendered


def test_packs() -> None:
    """What is rendered is kept and comes back the same, with the version that made it."""
    rendered = render("From: 李明 <a@b>\r\nSubject: 中\r\n\r\n文\r\n".encode(), received=1)
    packed = msgspec.msgpack.encode(rendered)
    assert msgspec.msgpack.decode(packed, type=Rendered) == rendered
    assert rendered.version == RENDER_VERSION
