# SPDX-License-Identifier: Apache-2.0
"""What the lint checks share: which files there are, and C text without comments and strings.

Every check takes the root of the tree as its optional argument (its own tests give it a bad
tree), prints `path:line: what is wrong` and exits 1 when there was anything to print.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()


def files(*suffixes):
    """The tree's own files with one of the suffixes: what git tracks or would track."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode().split("\0")
        paths = [ROOT / name for name in listed if name]
    else:
        paths = [path for path in ROOT.rglob("*") if "build" not in path.relative_to(ROOT).parts]
    return sorted(path for path in set(paths)
                  if path.is_file() and not path.is_symlink() and (not suffixes or path.suffix in suffixes))


def name(path):
    return path.relative_to(ROOT).as_posix()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C text with comments and literals blanked; line numbers stay."""
    def blank(match):
        token = match.group()
        if token[0] == '"':
            return '""'
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def finish(problems):
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
