#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# schema.sh [URL]: prints the schema of a migrated database, without what differs from server to
# server.  Without URL it migrates a private one.  `make schema` keeps the output in sql/schema.sql,
# so that each change of the schema is a readable difference; a test compares the two.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
url=${1:-}
if [[ -z $url ]]; then
  dir=$(mktemp -d)
  RIG_ONLY=postgres "$here/../tests/rig/up" "$dir" >&2
  trap '"$here/../tests/rig/down" "$dir" >&2; rm -rf "$dir"' EXIT
  url=$(sed -n 's/^DATABASE_URL=//p' "$dir/rig.env")
fi
echo '-- Made by make schema: the schema that the migrations lead to.  Not run by anything.'
pg_dump --schema-only --no-owner --schema=bridge --schema=ops "$url" |
  sed -E -e '/^--$/d' -e '/^-- (Name:|PostgreSQL database dump|Dumped )/d' -e '/^\\(un)?restrict /d' \
    -e '/^SET /d' -e '/^SELECT pg_catalog\.set_config/d' -e 's/^\t/    /' |
  awk 'NF { if (blank) print ""; blank = 0; print; next } { blank = 1 }'
