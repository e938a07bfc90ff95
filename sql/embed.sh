#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Turns sql/query/*.sql, sql/migrations/*.sql, sql/functions/*.sql, sql/views/*.sql and sql/roles.sql
# into C strings: OUT/query.h and query.c (QUERY_<NAME>), OUT/migration.c (store/migrate.h).
set -euo pipefail
export LC_ALL=C # views are made in the order of their names
out=$1
here=$(cd "$(dirname "$0")" && pwd)

c_string() { # file: its text as C string literals, one a line
  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"
}

{
  echo '/* Made by sql/embed.sh from sql/query. */'
  echo '#ifndef GEN_QUERY_H'
  echo '#define GEN_QUERY_H'
  echo '#include "store/session.h"'
  for f in "$here"/query/*.sql; do
    name=$(basename "$f" .sql)
    echo "extern const struct query QUERY_${name^^};"
  done
  echo '#endif'
} >"$out/query.h"

{
  echo '#include "query.h"'
  for f in "$here"/query/*.sql; do
    name=$(basename "$f" .sql)
    echo "const struct query QUERY_${name^^} = {\"$name\","
    grep -v '^ *--' "$f" >"$out/statement.tmp"
    c_string "$out/statement.tmp"
    echo '};'
  done
  rm -f "$out/statement.tmp"
} >"$out/query.c"

{
  echo '#include "store/migrate.h"'
  echo 'const char MIGRATION_ROLES[] ='
  c_string "$here/roles.sql"
  echo ';'
  echo 'const struct migration MIGRATIONS[] = {'
  for f in "$here"/migrations/[0-9]*.sql; do
    base=$(basename "$f" .sql)
    echo "{$((10#${base%%_*})), \"$base\","
    c_string "$f"
    echo '},'
  done
  echo '};'
  echo 'const size_t MIGRATION_COUNT = sizeof MIGRATIONS / sizeof MIGRATIONS[0];'
  echo 'const struct routine ROUTINES[] = {'
  for f in "$here"/functions/*.sql "$here"/views/*.sql; do
    [ -e "$f" ] || continue
    echo "{\"$(basename "$(dirname "$f")")/$(basename "$f" .sql)\","
    c_string "$f"
    echo '},'
  done
  echo '};'
  echo 'const size_t ROUTINE_COUNT = sizeof ROUTINES / sizeof ROUTINES[0];'
} >"$out/migration.c"
