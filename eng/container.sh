#!/usr/bin/env bash
# Takes the steps of deploy/Dockerfile without Docker, and runs what comes out as it says. The build stage's commands run here, in a copy
# of what Docker would be sent; the last stage's in a Debian of their own, which debootstrap makes. Then that root runs the entry point
# as the image's user, in namespaces of its own, with the image's health check and stop signal, and deploy/akkacp.service is checked in it.
# Usage: eng/container.sh; needs root and Linux. Installs debootstrap where it is missing. Where that cannot be, all is skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
. eng/checks.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1

repository=$PWD
source=$work/source
publish=$work/publish
image=$work/image
key=sample-key

missing() {
  [ "$(uname -m)" = x86_64 ] || { echo "the image is for x86-64"; return; }
  [ "$(id -u)" -eq 0 ] && unshare --mount --net true 2> /dev/null || { echo "namespaces need root"; return; }
  command -v debootstrap > /dev/null || { apt-get update && apt-get install -y --no-install-recommends debootstrap; } > /dev/null 2>&1
  command -v debootstrap > /dev/null || { echo "debootstrap cannot be had"; return; }
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $(debian)" 2> /dev/null | head -n 1)
  mirror=${mirror:-http://deb.debian.org/debian}
}

# The Dockerfile with each instruction in one line, without its comments.
instructions() { sed -e '/^ *#/d' -e '/^ *$/d' deploy/Dockerfile | sed -e ':more' -e '/\\$/N;s/\\\n//;tmore'; }

# stage build|last: its instructions.
stage() { instructions | awk -v want="$1" '/^FROM/ { now = / AS build/ ? "build" : "last" } now == want'; }

# of INSTRUCTION: what stands behind it in the last stage.
of() { stage last | sed -n "s/^$1 *//p"; }

debian() { of FROM | sed 's/debian:\(.*\)-slim/\1/'; }

# words JSON: the words of ["a", "b"], a line each.
words() { sed -e 's/^\[ *"//' -e 's/" *\]$//' -e 's/" *, *"/\n/g' <<< "$1"; }

# What Docker would be sent: deploy/Dockerfile.dockerignore leaves out what git does not know.
build_stage() {
  local command
  mkdir "$source"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$source" || return
  stage build | sed -n 's/^RUN *//p' > "$work/commands"
  while read -r command; do (cd "$source" && bash -c "${command//\/publish/$publish}" < /dev/null) || return; done < "$work/commands"
}

# Beside the build: both wait for others most of the time.
debian_root() {
  wait "${pids[-1]}" || { cat "$work/debootstrap"; return 1; }
  unset 'pids[-1]'
}

# in_image COMMAND ...: in mounts of its own, so that none stays behind.
in_image() {
  unshare --mount bash -c 'root=$1; shift
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && exec chroot "$root" "$@"' in_image "$image" "$@"
}

last_stage() {
  local instruction rest from to
  cp /etc/resolv.conf "$image/etc/resolv.conf"
  stage last > "$work/last"
  while read -r instruction rest <&3; do
    case $instruction in
      RUN) DEBIAN_FRONTEND=noninteractive in_image /bin/sh -c "$rest" || return ;;
      COPY)
        from=$repository
        [[ $rest == --from=build* ]] && from="" rest=${rest#--from=build }
        read -r rest to <<< "$rest"
        mkdir -p "$(dirname "$image$to")" && cp -rT "${from:+$from/}${rest/#\/publish/$publish}" "$image$to" || return
        ;;
      FROM | USER | EXPOSE | STOPSIGNAL | HEALTHCHECK | ENTRYPOINT | CMD) ;;
      *) echo "$instruction is none that eng/container.sh knows"; return 1 ;;
    esac
  done 3< "$work/last"
}

# start NAME [VARIABLE=VALUE ...]: the entry point and its words, as the image's user, on a network without others.
start() {
  local name=$1
  shift
  mapfile -t command < <(words "$(of ENTRYPOINT)"; words "$(of CMD)")
  background "$name" unshare --mount --net bash -c 'root=$1 user=$2; shift 2
    ip link set lo up && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" \
      && exec chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"' \
    start "$image" "$(of USER)" "$@" "${command[@]}"
}

inside() { nsenter --target "${pids[-1]}" --net "$@"; }

# The health check's command, in the container, as its user.
healthy() { inside chroot --userspec="$(of USER)" "$image" /bin/sh -c "$(of HEALTHCHECK | sed 's/.*CMD *//')"; }

refuses_without_keys() {
  start closed
  said closed "akka-cp.server.api-keys: expected keys"
  local rc=$?
  wait "${pids[-1]}"
  unset 'pids[-1]'
  return $rc
}

serves() {
  start serve "AKKACP_API_KEYS=$key" && said serve ' is ready$' && healthy \
    && inside bash -c ". eng/checks.sh; answers http://127.0.0.1:8080 -H 'Authorization: Bearer $key'"
}

runs_without_root() {
  local found
  found=$(stat -c %u "/proc/${pids[-1]}")
  [ "$found" = "$(of USER | cut -d: -f1)" ] && [ "$found" != 0 ] || { echo "it runs as $found"; return 1; }
}

# A stream that runs when it is told to end does so, whole; the process ends with 0.
drains() {
  local stream rc
  inside curl -sSN --max-time 60 http://127.0.0.1:8080/v1/completions -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' -d '{"prompt":"a","max_tokens":400,"ignore_eos":true,"stream":true}' > "$work/stream" &
  stream=$!
  until [ -s "$work/stream" ] || ! kill -0 $stream 2> /dev/null; do sleep 0.02; done
  kill -s "$(of STOPSIGNAL)" "${pids[-1]}"
  wait "${pids[-1]}"
  rc=$?
  unset 'pids[-1]'
  wait $stream
  [ $rc -eq 0 ] || { echo "it ended with $rc"; cat "$work/serve"; return 1; }
  grep -q '"finish_reason":"length"' "$work/stream" && tail -n 2 "$work/stream" | grep -x 'data: \[DONE\]'
}

# The unit, in a system that has systemd and the program.
unit_is_right() {
  in_image /bin/sh -c 'apt-get update && apt-get install -y --no-install-recommends systemd' \
    && cp deploy/akkacp@.service "$image/etc/systemd/system/" && cp deploy/akkacp.conf "$image/etc/akkacp/serve.conf" || return
  local said
  said=$(in_image systemd-analyze verify --man=no akkacp@serve.service akkacp@node.service 2>&1) && [ -z "$said" ] && return
  echo "$said"
  return 1
}

# systemd's own measure of what a service could do, 0 to 100.
unit_is_confined() { in_image systemd-analyze security --offline=true --no-pager --threshold=25 akkacp@serve.service; }

why=$(missing 2>&1)
if [ -n "$why" ]; then
  skip "deploy/Dockerfile" "$why"
  totals container
  exit
fi
missing

background debootstrap debootstrap --variant=minbase "$(debian)" "$image" "$mirror"
check "the build stage's steps" build_stage \
  && check "a plain Debian" debian_root && check "the last stage's steps" last_stage || { totals container; exit 1; }
check "it does not start without keys" refuses_without_keys
if check "it answers, and is healthy" serves; then
  check "it is not root" runs_without_root
  check "it drains on its stop signal" drains
fi
check "systemd takes deploy/akkacp@.service" unit_is_right && check "and finds it confined" unit_is_confined
totals container
