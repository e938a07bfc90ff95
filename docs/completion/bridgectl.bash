# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion for bridgectl(1).  Commands and options are read from the program's
# own help, so that this file never tells of one that is not there.

_bridgectl_shape() { # the help line of the command that the words before the cursor begin
  local line words=" ${COMP_WORDS[*]:1:COMP_CWORD-1} " best='' name
  while IFS= read -r line; do
    [[ $line =~ ^\ \ ([a-z][a-z-]*(\ [a-z][a-z-]*)?) ]] || continue # arguments begin otherwise
    name=${BASH_REMATCH[1]}
    if [[ $words == *" $name "* && ${#name} -gt ${#best} ]]; then
      best=$name
      _bridgectl_found=$line
    fi
  done
}

_bridgectl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} help _bridgectl_found=''
  COMPREPLY=()
  case $previous in
    --config | --body | --ca | --secret-file)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --state)
      mapfile -t COMPREPLY < <(compgen -W 'queued blocked held calling in_doubt needs_review succeeded failed cancelled' -- "$current")
      return
      ;;
    --scopes)
      mapfile -t COMPREPLY < <(compgen -W 'read operate settle buy-again read,operate read,operate,settle' -- "$current")
      return
      ;;
    --resend)
      mapfile -t COMPREPLY < <(compgen -W 'dead' -- "$current")
      return
      ;;
    --database | --port | --answer | --count | --source | --url | --field | --id | --reason | --license-id | --name | --expires | --service | --ip | --account | --limit | --keep | --interval)
      return
      ;;
  esac
  help=$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -E '^  [a-z]') || return
  _bridgectl_shape <<<"$help"
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(grep -oE -- '--[a-z-]+' <<<"$_bridgectl_found --config --database --json --help" | sort -u)" -- "$current")
  elif [[ $previous == token || $previous == balance ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(awk -v first="$previous" '$1 == first && $2 ~ /^[a-z]/ { print $2 }' <<<"$help")" -- "$current")
  elif [[ $previous == adopt ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  elif [[ $previous == trigger ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'test.ping license.create license.renew license.suspend license.unsuspend license.terminate license.change_ip license.change_product license.verify order.succeeded order.failed order.cancelled order.held order.needs_review balance.low license.invalid' -- "$current")
  elif [[ -z $_bridgectl_found ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(awk '{ print $1 }' <<<"$help" | sort -u)" -- "$current")
  fi
}
complete -F _bridgectl bridgectl
