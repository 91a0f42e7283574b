"""A private apt root: download Debian packages without root, touching nothing of the machine's.

The mirror, its keyring, proxy, TLS and credentials are the machine's own: what the machine
trusts is used, nothing else. Lists, package status and downloads live in the caller's folder.
Source: sources.list(5), apt.conf(5).
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Debian's stable releases carry no Asterisk any more; its unstable suite does.
DEBIAN_SUITE = "sid"
# What a stanza says about itself and not about whether to trust the mirror.
_NOT_CARRIED_OVER = frozenset(
    {"types", "uris", "suites", "components", "enabled", "architectures", "languages", "targets"}
)
_ONE_LINE_NAMES = {"arch": "architectures", "lang": "languages", "target": "targets"}


class AptFailed(Exception):
    """The packages cannot be had; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class AptSource:
    """One stanza of sources.list. options: deb822 field names in lower case (`signed-by`, …)."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str]


def parse_deb822(text: str) -> list[AptSource]:
    """The enabled binary sources of a `.sources` file."""
    sources = []
    for stanza in _stanzas(text):
        enabled = stanza.get("enabled", "yes").lower() not in {"no", "false", "0"}
        if enabled and "deb" in stanza.get("types", "").split():
            sources.append(
                AptSource(
                    uris=tuple(stanza.get("uris", "").split()),
                    suites=tuple(stanza.get("suites", "").split()),
                    components=tuple(stanza.get("components", "").split()),
                    options={k: v for k, v in stanza.items() if k not in _NOT_CARRIED_OVER},
                )
            )
    return sources


def parse_one_line(text: str) -> list[AptSource]:
    """The binary sources of a `.list` file: `deb [options] uri suite component…`."""
    sources = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        kind, _, rest = line.partition(" ")
        if kind != "deb":
            continue
        options: dict[str, str] = {}
        rest = rest.strip()
        if rest.startswith("["):
            bracketed, _, rest = rest[1:].partition("]")
            for option in bracketed.split():
                name, _, value = option.partition("=")
                name = _ONE_LINE_NAMES.get(name.lower(), name.lower())
                if name not in _NOT_CARRIED_OVER:
                    options[name] = value
        uri, *suite_and_components = rest.split() or [""]
        if suite_and_components:
            suite, *components = suite_and_components
            sources.append(AptSource((uri,), (suite,), tuple(components), options))
    return sources


def choose_source(
    sources: Iterable[AptSource], os_release: Mapping[str, str], debian_suite: str = DEBIAN_SUITE
) -> AptSource:
    """The machine's own mirror, pointed at the suite that carries Asterisk.

    os_release: the fields of /etc/os-release.
    Raises AptFailed for anything but Debian and Ubuntu, or when no source is the distribution's own.
    Ubuntu's mirrors have no suite of Debian's: one that is asked for by name is refused there.
    """
    distribution, codename = os_release.get("ID", ""), os_release.get("VERSION_CODENAME", "")
    suites: tuple[str, ...]
    components: tuple[str, ...]
    if distribution == "ubuntu" and debian_suite != DEBIAN_SUITE:
        raise AptFailed(f"the mirrors of ubuntu do not carry Debian's {debian_suite}")
    if distribution == "ubuntu":
        suites, components = (codename, f"{codename}-updates"), ("main", "universe")
        own_suites, own_component = {codename}, "main"
    elif distribution == "debian":
        suites, components = (debian_suite,), ("main",)
        own_suites = {codename, "oldstable", "stable", "testing", "unstable", "sid"} - {""}
        own_component = "main"
    else:
        raise AptFailed(
            f"packages are known for Debian and Ubuntu only, and this is {distribution or 'neither'}"
        )
    for source in sources:
        if own_component in source.components and own_suites.intersection(source.suites):
            return AptSource(source.uris, suites, components, source.options)
    raise AptFailed(f"apt has no source for {distribution} {codename} main")


def render_deb822(source: AptSource) -> str:
    """The source as a `.sources` stanza; multi-line values (inline keys) keep their shape."""
    fields = {
        "types": "deb",
        "uris": " ".join(source.uris),
        "suites": " ".join(source.suites),
        "components": " ".join(source.components),
        **source.options,
    }
    return "".join(f"{name.title()}: {value}\n" for name, value in fields.items())


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The fields of os-release(5); empty when the file is missing."""
    if not path.is_file():
        return {}
    words = shlex.split(path.read_text(encoding="utf-8"), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


class PrivateApt:
    """apt-get with its state in one folder of ours; works as root and as any user."""

    def __init__(self, folder: Path, *, deadline: float) -> None:
        """deadline: time.monotonic() after which every command is ended and AptFailed raised."""
        self._folder = folder
        self._deadline = deadline
        self._config = folder / "apt.conf"

    def download(self, packages: Sequence[str], debian_suite: str = DEBIAN_SUITE) -> list[Path]:
        """The .deb files of the packages and of everything they depend on, verified by apt.

        Raises AptFailed.
        """
        for tool in ("apt-get", "apt-config", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise AptFailed(f"{tool} is not installed")
        source = choose_source(self._machine_sources(), read_os_release(), debian_suite)
        self._write(source)
        self._run("apt-get", "update")
        self._run("apt-get", "--yes", "--no-install-recommends", "--download-only", "install", *packages)
        return sorted((self._folder / "cache" / "archives").glob("*.deb"))

    def unpack(self, package: Path, into: Path) -> None:
        """The files of one package, without running its scripts. Raises AptFailed."""
        self._run("dpkg-deb", "--extract", str(package), str(into))

    def _machine_sources(self) -> list[AptSource]:
        paths = dict(
            word.split("=", 1)
            for word in shlex.split(
                self._run(
                    "apt-config",
                    "shell",
                    "LIST",
                    "Dir::Etc::sourcelist/f",
                    "PARTS",
                    "Dir::Etc::sourceparts/d",
                )
            )
        )
        files = [Path(paths["LIST"]), *sorted(Path(paths["PARTS"]).glob("*"))]
        sources = []
        for file in files:
            if file.suffix == ".sources" and file.is_file():
                sources += parse_deb822(file.read_text(encoding="utf-8"))
            elif file.suffix == ".list" and file.is_file():
                sources += parse_one_line(file.read_text(encoding="utf-8"))
        return sources

    def _write(self, source: AptSource) -> None:
        for part in ("lists/partial", "cache/archives/partial", "none"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        sources = self._folder / "asterisk.sources"
        sources.write_text(render_deb822(source), encoding="utf-8")
        # Read after the machine's own configuration, so proxies, certificates and credentials
        # stay; hooks that tidy up the machine after an update are not for us.
        self._config.write_text(
            "#clear APT::Update::Pre-Invoke;\n"
            "#clear APT::Update::Post-Invoke;\n"
            "#clear APT::Update::Post-Invoke-Success;\n"
            "#clear DPkg::Post-Invoke;\n"
            f'Dir::State "{self._folder}";\n'
            f'Dir::State::lists "{self._folder}/lists/";\n'
            f'Dir::State::status "{self._folder}/status";\n'
            f'Dir::Cache "{self._folder}/cache";\n'
            f'Dir::Cache::archives "{self._folder}/cache/archives/";\n'
            f'Dir::Etc::sourcelist "{sources}";\n'
            f'Dir::Etc::sourceparts "{self._folder}/none";\n'
            f'Dir::Etc::preferences "{self._folder}/none/preferences";\n'
            f'Dir::Etc::preferencesparts "{self._folder}/none";\n'
            # apt's own download user cannot read a folder below somebody's home
            'APT::Sandbox::User "root";\n'
            'APT::Update::Error-Mode "any";\n'
            'Acquire::Languages "none";\n'
            'Acquire::Retries "2";\n'
            'Acquire::http::Timeout "20";\n'
            'Acquire::https::Timeout "20";\n',
            encoding="utf-8",
        )

    def _run(self, tool: str, *arguments: str) -> str:
        """Standard output. Raises AptFailed with the tool's last words."""
        config = ("-c", str(self._config)) if tool == "apt-get" else ()
        left_s = self._deadline - time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603 - fixed tools, arguments of ours
                [tool, *config, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(left_s, 0.1),
            )
        except subprocess.TimeoutExpired as error:
            raise AptFailed(f"{tool} did not finish in time") from error
        except OSError as error:
            raise AptFailed(f"{tool} does not start: {error}") from error
        if done.returncode != 0:
            words = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
            raise AptFailed(f"{tool} {arguments[-1]}: {' '.join(words[-3:]) or f'exit {done.returncode}'}")
        return done.stdout


def _stanzas(text: str) -> list[dict[str, str]]:
    stanzas: list[dict[str, str]] = [{}]
    name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            stanzas.append({})
            name = ""
        elif line[0] in " \t" and name:
            stanzas[-1][name] += "\n" + line
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            stanzas[-1][name] = value.strip()
    return [stanza for stanza in stanzas if stanza]
