"""Reading a config: values, where they come from, and every way to be wrong."""

from pathlib import Path

import pytest

from posthouse.app.config import Listen, Root, Route, default_config
from posthouse.app.config_load import ConfigFailed, find_config, load_config, parse_config
from posthouse.net.limits import NetSettings
from posthouse.wire.smtp.limits import SmtpLimits

FILE = Path("posthouse.toml")


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigFailed) as failed:
        parse_config(text, FILE, environ or {})
    return [problem.text for problem in failed.value.problems]


def test_values_of_every_kind() -> None:
    """Texts, lists, numbers, sizes and times in their short forms, tables of a repeated section."""
    config = parse_config(
        'hostname = "mail.example.org"\nworkers = 2\n'
        '[listen]\nsmtp = ["*:25", "[::1]:25"]\nhttp = []\n'
        '[smtp]\nletter_octets_max = "25M"\n'
        '[net]\nstall_seconds_max = "5m"\n'
        '[[route]]\ndomain = "example.net"\nto = "127.0.0.1:2626"\n'
        '[[route]]\ndomain = "example.com"\nto = "127.0.0.1:2627"\n',
        FILE,
        {},
    )

    assert config[Root].workers == 2
    assert config[Listen].smtp == ("*:25", "[::1]:25")
    assert config[Listen].http == ()
    assert config[SmtpLimits].letter_octets_max == 25 * 1024 * 1024
    assert config[NetSettings].stall_seconds_max == 300
    assert [route.domain for route in config.many(Route)] == ["example.net", "example.com"]


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    """File, line, key, what was found, what is allowed; near names are offered."""
    found = problems(
        "workers = true\n"
        "workres = 3\n"
        "[net]\n"
        "backlog_max = 0\n"
        "backlog_mx = 3\n"
        "[listen]\n"
        "smtp = [\n"
        '  "x",\n'
        "]\n"
        "[log]\n"
        'level = "loud"\n'
        "[smpt]\n"
    )

    assert found == [
        "posthouse.toml:2: workres: unknown key or section; did you mean workers?",
        "posthouse.toml:12: smpt: unknown key or section; did you mean smtp?",
        "posthouse.toml:1: workers: found true; allowed: a whole number from 0 to 128",
        'posthouse.toml:7: listen.smtp: found ["x"]; allowed: host:port, [v6]:port, *:port or '
        "unix:path",
        "posthouse.toml:5: net.backlog_mx: unknown key; did you mean backlog_max?",
        "posthouse.toml:4: net.backlog_max: found 0; allowed: a whole number, at least 1",
        'posthouse.toml:11: log.level: found "loud"; allowed: one of "debug", "info", "warning", '
        '"error"',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hostname = \n", "posthouse.toml:1: not TOML"),
        ("listen = 3\n", "posthouse.toml:1: listen: found 3; allowed: a table [listen]"),
        ("route = 3\n", "posthouse.toml:1: route: found 3; allowed: tables [[route]]"),
        ('[smtp]\nearly_talk_refused = "yes"\n', 'found "yes"; allowed: true or false'),
        ('[smtp]\nletter_octets_max = "25X"\n', 'or octets as "50M"'),
        ("[smtp]\nletter_octets_max = 1.5\n", "found 1.5; allowed: a whole number"),
        ("[net]\nstall_seconds_max = nan\n", "found NaN; allowed: a whole number"),
        ("[auth]\ndelay_seconds_max = inf\n", "found Infinity; allowed: a number"),
        ("hostname = 3\n", "found 3; allowed: a text"),
        ('[listen]\nsmtp = "127.0.0.1:25"\n', "allowed: a list of texts"),
        ("[listen]\nsmtp = [25]\n", "allowed: a list of texts"),
        ('[[route]]\ndomain = "a b"\nto = "x:1"\n', "posthouse.toml:2: route.domain: found"),
        ("[net]\nzzz = 1\n", "unknown key; known: backlog_max, "),
        ('[log]\nlevel = "' + "x" * 200 + '"\n', "..."),
    ],
)
def test_one_thing_wrong(text: str, said: str) -> None:
    """Each kind of mistake has its sentence."""
    assert said in problems(text)[0]


def test_the_environment_goes_before_the_file() -> None:
    """POSTHOUSE_SECTION_KEY, of every kind; unknown ones of a section are errors."""
    environ = {
        "POSTHOUSE_WORKERS": "4",
        "POSTHOUSE_LISTEN_SMTP": "127.0.0.1:25, [::1]:25",
        "POSTHOUSE_SMTP_EARLY_TALK_REFUSED": "no",
        "POSTHOUSE_SMTP_LETTER_OCTETS_MAX": "25M",
        "POSTHOUSE_HOSTNAME": "env.example.org",
        "POSTHOUSE_CONFIG": "elsewhere",
        "POSTHOUSE_SOMETHING": "of somebody else",
    }
    config = parse_config("workers = 2\n", FILE, environ)

    assert config[Root].workers == 4
    assert config[Root].hostname == "env.example.org"
    assert config[Listen].smtp == ("127.0.0.1:25", "[::1]:25")
    assert config[SmtpLimits].early_talk_refused is False
    assert config[SmtpLimits].letter_octets_max == 25 * 1024 * 1024
    assert problems("", {"POSTHOUSE_NET_BACKLOG": "1", "POSTHOUSE_WORKERS": "x"}) == [
        "environment POSTHOUSE_NET_BACKLOG: unknown key; did you mean POSTHOUSE_NET_BACKLOG_MAX?",
        'environment POSTHOUSE_WORKERS: workers: found "x"; allowed: a whole number from 0 to 128',
    ]


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then the environment, then ./var, then /etc; else everything is at its default."""
    monkeypatch.chdir(tmp_path)
    environ = {"POSTHOUSE_CONFIG": "named.toml"}

    assert find_config("given.toml", environ) == Path("given.toml")
    assert find_config(None, environ) == Path("named.toml")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "posthouse.toml").write_text("workers = 7\n")
    assert find_config(None, {}) == Path("var/posthouse.toml")
    assert load_config(None, {})[Root].workers == 7


def test_without_a_file_everything_is_at_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is no error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posthouse.app.config_load.PLACES", ())

    assert load_config(None, {}).parts == default_config().parts


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that was named must be there and be text."""
    (tmp_path / "latin.toml").write_bytes(b"hostname = '\xe9'\n")
    for name, said in (("none.toml", "No such file"), ("latin.toml", "not UTF-8")):
        with pytest.raises(ConfigFailed, match=said):
            load_config(str(tmp_path / name), {})
