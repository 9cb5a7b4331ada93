"""Which Posthouse this is. Apart, since to ask costs an import that few commands need."""


def version() -> str:
    """As installed; "unknown" when run from a source tree that never was."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("posthouse")
    except PackageNotFoundError:
        return "unknown"
