# SPDX-License-Identifier: Apache-2.0
"""Each lint check is shown a tree with one fault in it, and the same tree without it."""
import pathlib
import shutil
import subprocess

import pytest

LINT = pathlib.Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

# check, file, a good text, a bad text, a word of the complaint
ROWS = [
    ("layers", "provisioning/order/a.c", '#include "base/log.h"\n', '#include "store/session.h"\n', "may not see"),
    ("layers", "provisioning/store/a.c", "#include <libpq-fe.h>\n", "#include <curl/curl.h>\n", "may not touch"),
    ("layers", "fcgi/a.c", "#include <jansson.h>\n", '#include "provider/provider.h"\n', "may not see"),
    ("layers", "provisioning/provider/a.c", "#include <curl/curl.h>\n", '#include "store/session.h"\n', "may not see"),
    ("layers", "provisioning/base/a.c", "#include <openssl/hmac.h>\n", "#include <jansson.h>\n", "may not touch"),
    ("layers", "provisioning/base/a.c", '#include "base/a.h"\n', '#include "a.h"\n', "write"),
    ("layers", "provisioning/attic/a.c", None, "int a;\n", "no such room"),
    ("banned", "fcgi/a.c", '/* strcpy(a, b) */ const char *s = "strcpy(";\n', "strcpy(a, b);\n", "strcpy"),
    ("banned", "fcgi/a.c", "my_system(a); p->system(a);\n", "system(a);\n", "system"),
    ("banned", "fcgi/a.h", "typedef void a_fn(int);\n", "typedef struct a a;\n", "typedef"),
    ("banned", "provisioning/store/a.c", 'f("select");\n', 'f("select a from b");\n', "SQL"),
    ("folders", "docs/a.md", "a\n", None, ""),
    ("folders", "misc/a.md", None, "a\n", "foreseen"),
    ("folders", "tests/other/a.py", None, "a = 1\n", "foreseen"),
    ("letters", "fcgi/a.c", SPDX + "int a;\n", "int a;\n", "SPDX"),
    ("letters", "fcgi/a.c", SPDX + "int a;\n", SPDX + "int a; \n", "blanks"),
    ("letters", "fcgi/a.c", SPDX + "int a;\n" * 499, SPDX + "int a;\n" * 500, "at most 500"),
    ("letters", "fcgi/a.c", SPDX + "void f(void)\n{\n" + "    g();\n" * 70 + "}\n",
     SPDX + "void f(void)\n{\n" + "    g();\n" * 71 + "}\n", "at most 70"),
    ("letters", "docs/a.md", "done\n", "FIX" + "ME later\n", "unfinished"),
    ("format", "fcgi/a.c", "int a;\n", "int  a;\n", "clang-format"),
    ("shell", "tests/a.sh", '#!/bin/bash\necho "$1"\n', "#!/bin/bash\necho $1\n", "SC2086"),
    ("cppcheck", "fcgi/a.c", "int f(void)\n{\n    return 1;\n}\n",
     "int f(void)\n{\n    int a[2];\n    a[2] = 1;\n    return a[0];\n}\n", "out of bounds"),
    ("tidy", "fcgi/a.c", "int f(int a);\nint f(int a)\n{\n    return a;\n}\n",
     "int f(int a);\nint f(int a)\n{\n    int *p = 0;\n    return a == a ? *p : 1;\n}\n", "redundant"),
]


def tree(folder, file, text):
    shutil.copy(LINT.parents[1] / ".clang-format", folder)
    shutil.copy(LINT.parents[1] / ".clang-tidy", folder)
    for name in ("fcgi", "provisioning", "tests"):
        (folder / name).mkdir()
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def lint(check, folder):
    done = subprocess.run([LINT / check, folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("check, file, good, bad, word", ROWS)
def test_check_bites(tmp_path, check, file, good, bad, word):
    if bad is not None:
        (tmp_path / "bad").mkdir()
        tree(tmp_path / "bad", file, bad)
        status, output = lint(check, tmp_path / "bad")
        assert status != 0
        assert word in output
    if good is not None:
        (tmp_path / "good").mkdir()
        tree(tmp_path / "good", file, good)
        assert lint(check, tmp_path / "good") == (0, "")
