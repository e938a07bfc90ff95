# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# config: what `up` writes for the bridge, for nginx and for the stand-in.
# Reads the variables of up: rig_*, build, the ports and the environment.

upstream_choose_none() { # a database alone: the configuration still has to be complete
  upstream_url=https://127.0.0.1:$tls_port/v1
  lisanszone_url=https://127.0.0.1:$tls_port/api
  upstream_ca=
  upstream_token=none
}

upstream_choose() { # the given upstream, or the stand-in behind our own nginx
  control_url=
  upstream_token=${UPSTREAM_TOKEN:-$(openssl rand -hex 24)}
  if [[ -n ${UPSTREAM_URL:-} ]]; then
    upstream_url=${UPSTREAM_URL%/}
    lisanszone_url=${LISANSZONE_URL:-${upstream_url%/v1}/api}
    lisanszone_url=${lisanszone_url%/}
    upstream_ca=${UPSTREAM_CA:+$(realpath "$UPSTREAM_CA")}
    return
  fi
  upstream_url=https://127.0.0.1:$tls_port/v1
  lisanszone_url=${LISANSZONE_URL:-https://127.0.0.1:$tls_port/api}
  control_url=http://127.0.0.1:$control_port/_control
  upstream_ca=$rig_dir/ca.pem
  certificates_make
}

account_write() { # NAME PROVIDER URL: one account block on standard output
  cat <<CONF
account $1 {
  provider      = "$2"
  base_url      = "$3"
  ca_file       = "$upstream_ca"
  call_timeout  = "${CALL_TIMEOUT:-5s}"
  quiet         = "${QUIET:-2s}"
  unread        = "${UNREAD:-15m}"
  window        = ${WINDOW:-4}
  settle        = "${SETTLE:-operator}"
  retry         = "${RETRY:-200ms .. 5s}"
  breaker_pause = "2s"
CONF
}

config_write() { # DIR/bridge.conf and the secrets beside it
  local code
  webhook_secret=whsec_$(openssl rand -base64 32)
  echo "$webhook_secret" >"$rig_dir/demo.secret"
  echo "$upstream_token" >"$rig_dir/main.token"
  {
    echo "database = \"host=$rig_private/pg port=$pg_port dbname=bridge\""
    echo "lease_margin = \"${LEASE_MARGIN:-2s}\"" # a killed worker is taken over soon
    account_write main 724license "$upstream_url"
    echo '  token_file    = "main.token"'
    echo "${RIG_ACCOUNT:-}"
    echo '  hints { short_of_credits = "bakiye"  exists = "mevcut"  already = "zaten" }'
    echo '}'
    account_write zone lisanszone "$lisanszone_url"
    echo '  hints { already = "zaten" }'
    echo "${RIG_ZONE:-}"
    for code in activate verify deactivate info; do
      echo "  limit \"$code.php\" { requests = ${RIG_LISANSZONE_REQUESTS:-60}  per = \"${RIG_LISANSZONE_PER:-1h}\" }"
    done
    echo '}'
    for code in cpanel litespeed litespeed_x_core cloudlinux imunify360 softaculous; do
      echo "product $code { account = \"main\"  type = \"$code\" }"
    done
    echo 'product lz-app { account = "zone"  type = "lz-app" }'
    cat <<CONF
source demo {
  format   = "canonical"
  secrets  = { "demo.secret" }
  products = { "cpanel", "litespeed", "litespeed_x_core", "cloudlinux", "imunify360", "softaculous", "lz-app" }
${RIG_SOURCE:-}
}
CONF
    local more=${RIG_CONFIG:-}
    more=${more//@UPSTREAM_URL@/"$upstream_url"}
    printf '%s\n' "${more//@UPSTREAM_CA@/"$upstream_ca"}"
  } >"$rig_dir/bridge.conf"
}

certificates_make() { # a private authority and a certificate for 127.0.0.1
  local tls=$rig_private/nginx key=(-newkey ec -pkeyopt "ec_paramgen_curve:P-256" -nodes)
  {
    openssl req -x509 "${key[@]}" -days 30 -subj '/CN=rig authority' -addext 'basicConstraints=critical,CA:TRUE' \
      -addext 'keyUsage=critical,keyCertSign' -keyout "$tls/ca.key" -out "$rig_dir/ca.pem"
    openssl req "${key[@]}" -subj '/CN=127.0.0.1' -keyout "$tls/server.key" -out "$tls/server.csr"
    openssl x509 -req -in "$tls/server.csr" -CA "$rig_dir/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost') -out "$tls/server.pem"
  } >"$rig_log/openssl.log" 2>&1
  rm -f "$tls/ca.key"
}

replace() { # FILE FROM TO: every FROM, and it is an error when there is none
  grep -qF -- "$2" "$1" || {
    echo "rig: nothing to replace in $1: $2" >&2
    return 1
  }
  local from=$2 to=$3 text
  text=$(<"$1")
  printf '%s\n' "${text//"$from"/"$to"}" >"$1"
}

limits_widen() { # so that a load test meets the bridge, not nginx
  replace "$ours/snippets/webhooks.conf" 'license_bridge_connections 3000' 'license_bridge_connections 20000'
  replace "$ours/snippets/operators.conf" 'license_bridge_connections 200' 'license_bridge_connections 20000'
  replace "$ours/snippets/webhooks.conf" 'burst=400' 'burst=100000'
  replace "$ours/snippets/operators.conf" 'burst=100' 'burst=100000'
  replace "$ours/bridge.conf" 'rate=100r/s' 'rate=1000000r/s'
  replace "$ours/bridge.conf" 'rate=20r/s' 'rate=1000000r/s'
}

bridge_conf_copy() { # what ships in nginx/, with our paths (and rates for a load test)
  local ours=$rig_private/nginx file servers='' n
  cp "$rig_repo/nginx/bridge.conf" "$ours/"
  cp -r "$rig_repo/nginx/snippets" "$ours/"
  for file in webhooks operators problems; do
    replace "$ours/snippets/$file.conf" /usr/share/license-bridge/nginx "$ours"
  done
  replace "$ours/snippets/operators.conf" /usr/share/license-bridge/dashboard "$rig_repo/nginx/dashboard"
  if [[ ${RIG_LIMITS:-wide} != shipped ]]; then
    limits_widen
  fi
  for ((n = 2; n <= intakes; n++)); do # each further front door has a socket of its own
    servers+=$'\n'"  server unix:/run/license-bridge/intake$n.sock max_fails=0;"
  done
  replace "$ours/bridge.conf" '/intake.sock max_fails=0;' "/intake.sock max_fails=0;$servers"
  replace "$ours/bridge.conf" unix:/run/license-bridge/ "unix:$rig_private/sock/"
}

nginx_up() {
  local ours=$rig_private/nginx user='' standin=''
  bridge_conf_copy
  if [[ $(id -u) -eq 0 ]]; then
    user='user root;' # DIR and the sockets may be root's alone
  fi
  if [[ -n $control_url ]]; then
    standin="include $ours/standin.conf;"
  fi
  cat >"$ours/nginx.conf" <<CONF
daemon off;
$user
pid $ours/nginx.pid;
error_log $rig_log/nginx-error.log;
worker_processes 2;
events { worker_connections 16384; }
http {
  client_body_temp_path $ours/body;
  fastcgi_temp_path $ours/fastcgi;
  proxy_temp_path $ours/proxy;
  uwsgi_temp_path $ours/uwsgi;
  scgi_temp_path $ours/scgi;
  types { text/html html; text/css css; text/javascript js mjs; image/svg+xml svg; application/json json; }
  include $ours/bridge.conf;
  access_log $rig_log/access.log license_bridge buffer=64k flush=1s;
  $standin
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:$http_port backlog=4096;
    include $ours/snippets/problems.conf;
    include $ours/snippets/webhooks.conf;
    include $ours/snippets/operators.conf;
    location / { return 404; }
  }
}
CONF
  rig_define nginx nginx -e "$rig_log/nginx-error.log" -p "$ours" -c "$ours/nginx.conf"
  echo "$http_port" >"$rig_run/nginx.listen"
  rig_start nginx
}

standin_up() { # the upstream of tests and demo; nginx speaks TLS for it
  local conf=$rig_private/nginx/standin.conf
  if [[ -z $control_url ]]; then
    return
  fi
  cp "$rig_repo/tests/standin/nginx.conf.in" "$conf"
  replace "$conf" @STANDIN_SOCKET@ "$rig_private/sock/standin.sock"
  replace "$conf" @TLS_PORT@ "$tls_port"
  replace "$conf" @CONTROL_PORT@ "$control_port"
  replace "$conf" @CERT@ "$rig_private/nginx/server.pem"
  replace "$conf" @KEY@ "$rig_private/nginx/server.key"
  rig_define standin env STANDIN_TOKEN="$upstream_token" STANDIN_BALANCE="${STANDIN_BALANCE:-1000000}" \
    "$build/standin" --socket "$rig_private/sock/standin.sock" --threads 128 --seed "${STANDIN_SEED:-1}"
  echo "$rig_private/sock/standin.sock" >"$rig_run/standin.listen"
  rig_start standin
}
