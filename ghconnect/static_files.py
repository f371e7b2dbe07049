"""Static files under names that hold a hash of their content, compressed: a browser asks for each once, for ever.

There is nothing to collect: what stands in static/ is copied under its hashed name to `var/static` at start.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware

COMPRESSED = {".css", ".js", ".svg", ".txt"}


@cache
def hashed(name: str) -> str:
    """Return `app.1a2b3c4d5e6f.css` for `app.css`; a name that no file has stays as it is."""
    path = finders.find(name)
    if not isinstance(path, str):
        return name
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
    stem, _dot, suffix = name.rpartition(".")
    return f"{stem}.{digest}.{suffix}"


class HashedStaticFiles(StaticFilesStorage):
    """Gives the hashed names to pages; while debugging the plain ones, since files change then."""

    def url(self, name: str | None) -> str:
        """Return the address of a static file."""
        plain = name or ""
        return super().url(plain if settings.DEBUG else hashed(plain))


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, which also knows every file by its hashed name."""

    def add_files_from_finders(self) -> None:
        """Add all files by both names."""
        super().add_files_from_finders()
        for url in list(self.files):
            name = url.removeprefix(self.static_prefix)
            path, found = finders.find(name), hashed(name)
            if isinstance(path, str) and found != name:
                self.add_file_to_dictionary(f"{self.static_prefix}{found}", kept(found, Path(path)))


def kept(name: str, source: Path) -> str:
    """Keep a copy of a file under its hashed name with its compressed twin beside; return its path.

    Where nothing can be written the file itself is served, uncompressed.
    """
    target = Path(settings.VAR_DIR) / "static" / name
    try:
        if source.suffix in COMPRESSED and not target.with_name(f"{target.name}.gz").exists():
            content = source.read_bytes()
            _write(target.with_name(f"{target.name}.gz"), gzip.compress(content, 9, mtime=0))
        if not target.exists():
            _write(target, source.read_bytes())
    except OSError:
        return str(source)
    return str(target)


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all: several workers start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
