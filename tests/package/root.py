# SPDX-License-Identifier: Apache-2.0
"""A fresh Debian in a folder: made by debootstrap from the mirror that this machine uses itself."""
import pathlib
import re
import shutil
import subprocess

SUITE = "bookworm"
APT = pathlib.Path("/etc/apt")


def run(*words, **more):
    """Runs, and says what was said when it fails."""
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(str(word) for word in words)}: status {done.returncode}\n{done.stdout[-6000:]}")
    return done.stdout


def apt_sources():
    """(address, suite, components) of Debian's own archives, from sources.list and *.sources."""
    found = []
    for path in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]:
        if not path.is_file():
            continue
        text = path.read_text()
        if path.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", text):
                fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.M))
                if "deb" in fields.get("Types", "").split():
                    found += [(uri, suite, fields.get("Components", "")) for uri in fields["URIs"].split()
                              for suite in fields["Suites"].split()]
        elif path.suffix == ".list":
            for uri, suite, parts in re.findall(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$", text, re.M):
                found.append((uri, suite, parts))
    return [row for row in found if row[1].startswith(SUITE) and "main" in row[2].split()]


def acquire_settings():
    """How this machine reaches its mirror: what its apt is told about fetching, and nothing else."""
    text = "\n".join(path.read_text() for path in sorted((APT / "apt.conf.d").glob("*")) if path.is_file())
    return "".join(f"{line}\n" for line in re.findall(r"^Acquire::(?:http|https|Check|Retries)[^\n]*;", text, re.M)
                   ) + 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";\nAPT::Install-Recommends "false";\n'


def base_make(archive):
    """archive.tar with the smallest Debian, kept for the next time."""
    if archive.exists():
        return
    folder = archive.parent / "base.new"
    shutil.rmtree(folder, ignore_errors=True)
    sources = apt_sources()
    mirror = next(uri for uri, suite, _ in sources if suite == SUITE)
    run("debootstrap", "--variant=minbase", SUITE, folder, mirror)
    (folder / "etc/apt/sources.list").write_text("".join(f"deb {u} {s} {c}\n" for u, s, c in sources))
    (folder / "etc/apt/apt.conf.d/90fetch").write_text(acquire_settings())
    policy = folder / "usr/sbin/policy-rc.d"  # nothing starts by itself: there is no service manager
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    run("tar", "-C", folder, "-cf", f"{archive}.new", ".")
    pathlib.Path(f"{archive}.new").rename(archive)
    shutil.rmtree(folder)


def root_make(archive, folder):
    """A fresh root from the archive; packages that were fetched before are at hand."""
    base_make(archive)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run("tar", "-C", folder, "-xf", archive)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    kept = archive.parent / "archives"
    if kept.is_dir():
        for deb in kept.glob("*.deb"):
            shutil.copy(deb, folder / "var/cache/apt/archives")


def archives_keep(archive, folder):
    kept = archive.parent / "archives"
    kept.mkdir(exist_ok=True)
    for deb in (folder / "var/cache/apt/archives").glob("*.deb"):
        if not (kept / deb.name).exists():
            shutil.copy(deb, kept)
