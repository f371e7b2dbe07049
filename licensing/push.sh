#!/bin/sh
# Sends the user report of @HOST@ to its console. Runs on the instance itself, weekly, from cron.
# Needs sh, curl and gzip. No token is ever on a command line, where every user of a machine can read it.
set -eu
umask 077

console=${GHCONNECT_CONSOLE:-@CONSOLE@}
host=${GHCONNECT_HOST:-@HOST@}
# Two files of one line, readable by nobody else: the token of the console (ghct_…), and LOGIN:TOKEN of a site
# administrator here, whose token has the scope site_admin and never leaves this machine.
console_file=${GHCONNECT_TOKEN_FILE:-$HOME/.ghconnect-token}
instance_file=${GHCONNECT_INSTANCE_FILE:-$HOME/.ghconnect-instance}
# Where the instance answers, how long a report that is being prepared is waited for, and how often.
via=${GHCONNECT_VIA:-127.0.0.1:443}
pause=${GHCONNECT_PAUSE:-30}
tries=${GHCONNECT_TRIES:-60}

fail() {
  printf 'ghconnect: %s\n' "$1" >&2
  exit 1
}

secret() { # FILE: prints its line
  [ -f "$1" ] && [ -r "$1" ] || fail "$1 is not there, or cannot be read."
  case $(ls -lL "$1") in
    -r??------*) ;;
    *) fail "$1 can be read by others. Run: chmod 600 $1" ;;
  esac
  line=
  IFS= read -r line <"$1" || [ -n "$line" ] || fail "$1 is empty."
  case $line in
    *[!A-Za-z0-9_.:@+-]*) fail "$1 holds something else than a token." ;;
  esac
  printf '%s' "$line"
}

token=$(secret "$console_file")
user=$(secret "$instance_file")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# 202 means that the report is being prepared.
asked=0
while :; do
  asked=$((asked + 1))
  status=$(printf 'user = "%s"\n' "$user" | curl --config - --silent --show-error --noproxy '*' \
    --proto '=https' --proto-redir '=https' --location --max-redirs 3 --max-time 3600 \
    --connect-to "$host:443:$via" --dump-header "$work/head" --output "$work/all_users.csv" \
    --write-out '%{http_code}' "https://$host/stafftools/reports/all_users.csv") ||
    fail "the report of $host could not be read whole. Nothing was sent."
  case $status in
    200) break ;;
    202 | 429 | 5??) ;;
    *) fail "$host answered $status. Is $instance_file right, and the account a site administrator?" ;;
  esac
  [ "$asked" -lt "$tries" ] || fail "$host still answers $status after $asked times. Nothing was sent."
  sleep "$pause"
done

# Of when the report is: as the instance says.
made=$(sed -n 's/^[Ll]ast-[Mm]odified: *//p' "$work/head" | tail -n 1 | tr -d '\r"\\')
[ -n "$made" ] || made=$(sed -n 's/^[Dd]ate: *//p' "$work/head" | tail -n 1 | tr -d '\r"\\')

gzip "$work/all_users.csv"
status=$(printf 'header = "Authorization: Bearer %s"\nheader = "Last-Modified: %s"\n' "$token" "$made" |
  curl --config - --silent --show-error --proto "=${console%%:*}" --request POST \
    --header 'Content-Type: text/csv' --header 'Content-Encoding: gzip' \
    --header 'Content-Disposition: attachment; filename="all_users.csv"' \
    --upload-file "$work/all_users.csv.gz" --retry 5 --retry-delay "$pause" --max-time 3600 \
    --output "$work/answer" --write-out '%{http_code}' \
    "$console/api/console/v1/servers/$host/usage") || fail "$console could not be reached."
case $status in
  200 | 202) cat "$work/answer" && echo ;;
  *) fail "the console answered $status: $(cat "$work/answer")" ;;
esac
