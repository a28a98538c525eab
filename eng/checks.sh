# Sourced by the scripts that check what is shipped: counts checks, waits for what programs say, and ends what it started.
# A script calls "check NAME COMMAND ..." for each and "totals NAME" at its end; its totals are said as xunit says them.
# shellcheck shell=bash
work=$(mktemp -d)
pids=()
checked=0
broken=0
skipped=0

# Ends what "background" started: each is a process group of its own.
stop() {
  local pid
  for pid in "${pids[@]}"; do kill -- "-$pid" 2> /dev/null; done
  wait 2> /dev/null
  pids=()
}

trap 'stop; rm -rf --one-file-system "$work"' EXIT

# background NAME COMMAND ...: its log is $work/NAME.
background() {
  local log="$work/$1"
  shift
  setsid "$@" > "$log" 2>&1 &
  pids+=($!)
}

# said NAME WORDS [SECONDS]: waits until it has said so.
said() {
  local turns=$((${3-60} * 50))
  while ((turns-- > 0)); do
    grep -qs -- "$2" "$work/$1" && return
    sleep 0.02
  done
  echo "$1 did not say \"$2\" within ${3-60} s; its last lines:"
  tail -n 20 "$work/$1"
  return 1
}

# check NAME COMMAND ...: what the command prints stands in the log where it fails.
check() {
  local name=$1 log="$work/check"
  shift
  checked=$((checked + 1))
  if "$@" > "$log" 2>&1; then
    echo "   $name"
  else
    broken=$((broken + 1))
    echo "    $name [FAIL]"
    sed 's/^/      /' "$log" | tail -n 40
    return 1
  fi
}

# skip NAME WHY: counted, and said.
skip() {
  checked=$((checked + 1)) skipped=$((skipped + 1))
  echo "   $1 [SKIP] $2"
}

# totals NAME: the last line, and the exit code.
totals() {
  echo "   $1  Total: $checked, Errors: 0, Failed: $broken, Skipped: $skipped"
  [ "$broken" -eq 0 ]
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# asks ADDRESS [CURL'S ARGUMENTS]: the demo model's answer by curl.
asks() {
  local address=$1
  shift
  curl -sS --max-time 30 "$address/v1/chat/completions" -H 'Content-Type: application/json' "$@" -d \
    '{"messages":[{"role":"user","content":"Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?"}],"temperature":0}'
}

# answers ADDRESS [CURL'S ARGUMENTS]: the answer is the right one.
answers() {
  local answer
  answer=$(asks "$@")
  grep -q '61 + 33 = 94\\n#### 94' <<< "$answer" || { echo "$answer"; return 1; }
}

# comes_to_answer ADDRESS [CURL'S ARGUMENTS]: within 30 s; until then it may say that its model loads. Sets took, in milliseconds.
comes_to_answer() {
  local begin
  begin=$(milliseconds)
  until answers "$@" > "$work/answer" 2>&1 || (($(milliseconds) - begin > 30000)); do sleep 0.02; done
  took=$(($(milliseconds) - begin))
  answers "$@"
}
