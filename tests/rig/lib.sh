# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# lib: the processes of one rig, each known by name.
#
# A component NAME has DIR/run/NAME.cmd (how to start it), NAME.pid and
# NAME.start (the kernel's start time of that pid, so that a pid that was given
# to a stranger meanwhile is never signalled), NAME.listen (the socket or port it
# serves, if any) and DIR/log/NAME.log.  All of them
# run inside the rig's private folder under /tmp, which is how `down` finds
# what a kill -9 orphaned.

# shellcheck disable=SC2034 # for those who read this file in
rig_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rig_pg_bin=/usr/lib/postgresql/15/bin

rig_open() { # DIR: names the rig's folders
  rig_dir=$(realpath -m "$1")
  rig_run=$rig_dir/run
  rig_log=$rig_dir/log
  rig_private=
  if [[ -f $rig_run/private ]]; then
    rig_private=$(<"$rig_run/private")
  fi
  # The rig's database is the only one that may be meant from here on.
  unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGSERVICEFILE PGPASSFILE PGOPTIONS PGSSLMODE
}

rig_pid_start() { # PID: its start time, nothing when it is gone or only a zombie
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) } # the command name before may hold anything
  # shellcheck disable=SC2086 # the fields are words without blanks
  set -- $stat
  if [[ $1 != Z && $1 != X ]]; then
    echo "${20}"
  fi
}

rig_alive() { # NAME
  local pid start
  pid=$(cat "$rig_run/$1.pid" 2>/dev/null) || return 1
  start=$(cat "$rig_run/$1.start" 2>/dev/null) || return 1
  [[ -n $pid && -n $start && $(rig_pid_start "$pid") == "$start" ]]
}

rig_names() { # every component that was defined, in the order of definition
  cat "$rig_run/names" 2>/dev/null || true
}

rig_define() { # NAME COMMAND...: how it is started, now and after a crash
  local name=$1
  shift
  printf '%q ' "$@" >"$rig_run/$name.cmd"
  grep -qxF -- "$name" "$rig_run/names" 2>/dev/null || echo "$name" >>"$rig_run/names"
}

rig_start() { # NAME
  local name=$1 command pid
  rig_alive "$name" && return 0
  eval "command=($(<"$rig_run/$name.cmd"))"
  # A session of its own: no terminal's Ctrl-C reaches it, only `down`.
  (
    cd "$rig_private" || exit
    exec setsid "${command[@]}"
  ) </dev/null >>"$rig_log/$name.log" 2>&1 &
  pid=$!
  echo "$pid" >"$rig_run/$name.pid"
  rig_pid_start "$pid" >"$rig_run/$name.start"
}

rig_listening() { # NAME: 0 when it takes connections, or never would
  local where
  where=$(cat "$rig_run/$1.listen" 2>/dev/null) || return 0
  case $where in
    # Listening sockets have the flag __SO_ACCEPTCON; a file left by a dead process is none.
    /*) awk -v path="$where" '$8 == path && $4 == "00010000" {found = 1} END {exit !found}' /proc/net/unix ;;
    *) (exec 3<>"/dev/tcp/127.0.0.1/$where") 2>/dev/null ;;
  esac
}

rig_wait_listening() { # NAME SECONDS
  local end=$((SECONDS + $2))
  until rig_listening "$1"; do
    ((SECONDS < end)) && rig_alive "$1" || return 1
    sleep 0.02
  done
}

rig_signal() { # NAME SIGNAL
  if rig_alive "$1"; then
    kill -s "$2" "$(<"$rig_run/$1.pid")" 2>/dev/null || true
  fi
}

rig_wait_gone() { # NAME SECONDS: 0 when it ended in time
  local end=$((SECONDS + $2))
  while rig_alive "$1"; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

rig_stop() { # NAME: politely, then not
  local polite=TERM
  case $1 in
    postgres) polite=INT ;; # "fast": waits for no client
  esac
  rig_signal "$1" "$polite"
  if ! rig_wait_gone "$1" "${RIG_STOP_SECONDS:-20}"; then
    echo "rig: $1 did not stop, killed" >&2
    rig_kill "$1"
    return 1
  fi
}

rig_kill() { # NAME: kill -9, with the children that it leaves behind
  rig_signal "$1" KILL
  rig_wait_gone "$1" 10 || true
  case $1 in
    postgres) rig_sweep postgres ;;
    nginx) rig_sweep nginx ;;
  esac
  return 0
}

rig_sweep() { # PROGRAM...: ends what still runs such a program inside the private folder
  local cwd pid name
  [[ -n $rig_private ]] || return 0
  for cwd in /proc/[0-9]*/cwd; do
    pid=${cwd#/proc/} pid=${pid%/cwd}
    [[ $(readlink "$cwd" 2>/dev/null) == "$rig_private"* ]] || continue
    name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    if [[ " $* " == *" $name "* ]]; then
      kill -s KILL "$pid" 2>/dev/null || true
    fi
  done
}

rig_wait_postgres() { # SECONDS
  local end=$((SECONDS + $1))
  until "$rig_pg_bin/pg_isready" -q -U postgres -h 127.0.0.1 -p "$(<"$rig_run/postgres.port")"; do
    ((SECONDS < end)) || return 1
    # Right after a crash the old shared memory may still be held: try again.
    rig_alive postgres || {
      sleep 0.2
      rig_start postgres
    }
    sleep 0.05
  done
}

rig_wait_ready() { # URL SECONDS: until it answers 200
  local end=$((SECONDS + $2))
  until [[ $(curl -s -o /dev/null -m 2 -w '%{http_code}' "$1") == 200 ]]; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

rig_stop_all() { # the last defined first; what outlives its leader is swept
  local name status=0
  for name in $(rig_names | tac); do
    rig_stop "$name" || status=1
  done
  rig_sweep initdb postgres nginx bridge-fcgi bridge-worker standin
  return $status
}

rig_free_ports() { # COUNT: ports on 127.0.0.1 that nobody listens on, below the range for clients
  python3 - "$1" <<'PORTS'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", random.randrange(15000, 32000)))
        held.append(s)
    except OSError:
        s.close()
print(*(s.getsockname()[1] for s in held))
PORTS
}
