#!/usr/bin/env bash
# Measures everything that docs/performance.md quotes, into bench/results/<machine>: one JSON file for each part with the machine's state
# beside it, then tables, Summary.md and the plots, which are made from those files only. Run it on a quiet machine: the load is noted in
# each file. A part takes under four minutes and can run alone; `tables` measures nothing.
#   bench/run-all.sh <machine> [part ...]        parts: see the list below; default: all of them
# The models (about 17 GB with the peer's copies) go to BENCH_DIR, default /tmp/akkacp-bench, and stay there; 20 GB of memory.
# BENCH_BUILD=0 takes the programs as they are. The part soak, one million steps, takes half an hour and runs only when it is named.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
machine="${1:?usage: bench/run-all.sh <machine> [part ...]}"
shift
all="models operators micro prefill-bench prefill-q4 prefill-q4-long prefill-q4-1thread prefill-q4-int8 memory-q4 decode-q4 decode-q4-int8
  decode-bench decode-demo peers-bench-bf16 peers-q4-bf16 peers-q4-bf16-4096 peers-q4-bf16-8192 peers-q4-bf16-16384 peers-q4-q8
  peers-q4-q8-8192 load-q4 start transport transport-link cluster serving tables"
parts="${*:-$all}"
results="$root/bench/results/$machine"
work="${BENCH_DIR:-/tmp/akkacp-bench}"
out="bin/Release/net10.0"
cd "$root"
mkdir -p "$results/json" "$work"
if [ "${BENCH_BUILD:-1}" != 0 ]; then
  for project in src/Cli bench/Cluster bench/Kernels bench/Micro bench/Peers bench/Report bench/Serving bench/Transport; do
    dotnet build "$project" -c Release -v quiet --tl:off
  done
fi
akkacp="src/Cli/$out/akkacp"
published="$work/published"
report="bench/Report/$out/AkkaCp.Bench.Report"
bench="$work/bench8"
q4="$work/q4"

record() { "$report" record "$results" "$1" -- "${@:2}"; }
prefill() { record "$1" "$akkacp" bench prefill --json --model "${@:2}"; }
decode() { record "$1" "$akkacp" bench decode --json --model "${@:2}"; }
peers() { record "$1" "bench/Peers/$out/AkkaCp.Bench.Peers" --libs "$(bench/peers.sh)" --json --model "${@:2}"; }

# Random weights of true dimensions, and the same as GGUF for the peer, in BF16 and Q8_0.
models() {
  [ -f "$bench/config.json" ] || "$akkacp" synth --preset bench --layers 8 --dtype bfloat16 --output "$bench"
  [ -f "$q4/config.json" ] || "$akkacp" synth --preset qwen3-30b-a3b --layers 4 --dtype bfloat16 --output "$q4"
  local model type
  for model in "$bench" "$q4"; do
    for type in BF16 Q8_0; do
      "bench/Peers/$out/AkkaCp.Bench.Peers" --libs "$(bench/peers.sh)" --model "$model" --gguf-type "$type" --write-only
    done
  done
  dotnet publish src/Cli -c Release -r "$(dotnet --info | sed -n 's/^ *RID: *//p')" --self-contained false -v quiet --tl:off -o "$published"
}

micro() {
  local artifacts
  artifacts="$(mktemp -d)"
  "bench/Micro/$out/AkkaCp.Bench.Micro" --filter '*' --artifacts "$artifacts" >&2
  {
    echo "# Micro benchmarks"
    for file in "$artifacts"/results/*-report-github.md; do
      file="${file##*/AkkaCp.Bench.Micro.}"
      printf '\n## %s\n\n' "${file%-report-github.md}"
      cat "$artifacts/results/AkkaCp.Bench.Micro.$file"
    done
  } > "$results/Micro.md"
  record hop "$report" hop "$artifacts"/results/*DataflowBenchmarks-report-brief-compressed.json
  rm -rf "$artifacts"
}

# What it was, and when.
titled() {
  echo "# $1"
  echo
  echo "Written by \`bench/run-all.sh\`. SDK $(dotnet --version), commit $(git rev-parse --short HEAD), $(date -u +%F),"
  echo "$(nproc) cores: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1). Load before: $(cut -d' ' -f1-3 /proc/loadavg)."
}

# Two processes over loopback; round trips and gathers plain and under TLS, then direct exchange beside ring.
transport() {
  local program="bench/Transport/$out/AkkaCp.Bench.Transport"
  {
    titled "Transport"
    echo; echo "## Plain TCP"; echo; "$program"
    echo; echo "## TLS 1.3"; echo; "$program" --tls
    echo; echo "## Direct exchange and ring"; echo; "$program" ring
  } > "$results/Transport.md"
}

# A prompt on two ranks over links of several rates; needs root for the network namespaces.
transport-link() {
  local q2="$work/q2"
  [ -f "$q2/config.json" ] || "$akkacp" synth --preset qwen3-30b-a3b --layers 2 --dtype bfloat16 --output "$q2" >&2
  {
    titled "A prompt over a link"
    echo; echo "qwen3-30b-a3b of 2 layers, BF16, 2 ranks of one thread, one step."
    echo; echo "loopback"; echo; "bench/Transport/$out/AkkaCp.Bench.Transport" prefill "$q2" 4096
    bench/shaped-link.sh "$q2" 4096 10gbit 2500mbit 1gbit 100mbit
  } > "$results/TransportLink.md"
}

# Two node processes over loopback, tiny model: from plan to first kernel, warm.
cluster() {
  {
    titled "Cluster"
    echo; echo "## From the coordinator's plan to a rank's first kernel"; echo
    "bench/Cluster/$out/AkkaCp.Bench.Cluster" latency tests/models/tiny-f32 3000
  } > "$results/Cluster.md"
}

serving() {
  {
    titled "Serving"
    echo; echo "## Short prompts and streams beside a prompt of 16 384 tokens, Qwen3 dimensions of 4 layers"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" short-beside-long "$q4"
    echo; echo "## The same with a short prompt every 5 s"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" short-beside-long "$q4" 16384 500 5000
    echo; echo "## A token over HTTP beside the same from the engine: 16 streams, Qwen3 dimensions of 4 layers"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" cost-per-token "$q4" 128 7
    echo; echo "## The same, demo model"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" cost-per-token models/demo
    echo; echo "## A chat's second turn, 40 tokens behind 8 000 and an answer, Qwen3 dimensions of 4 layers"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" second-turn "$q4"
    echo; echo "## Beside llama-server v0.5.0, the same BF16 weights, prompts of 512 tokens, answers of 64; second turns behind 4 096"; echo
    "bench/Serving/$out/AkkaCp.Bench.Serving" beside-peer "$q4" "$q4/peer-BF16.gguf" "$(bench/peers.sh server)"
  } > "$results/Serving.md"
}

soak() {
  {
    titled "Many steps"
    echo; "bench/Cluster/$out/AkkaCp.Bench.Cluster" soak tests/models/tiny-f32 1000000
  } > "$results/Soak.md"
}

for part in $parts; do
  case "$part" in
    models) models ;;
    operators) record operators "bench/Kernels/$out/AkkaCp.Bench.Kernels" --limits 1 15 --json ;;
    micro) micro ;;
    prefill-bench) prefill "$part" "$bench" --prompt-tokens 512,2048,4096 --attn-cp 1,2 --rounds 5 ;;
    prefill-q4) prefill "$part" "$q4" --prompt-tokens 512,1024,2048,4096 --attn-cp 1,2 --rounds 3 ;;
    prefill-q4-long) prefill "$part" "$q4" --prompt-tokens 8192,16384 --attn-cp 1,2 --rounds 1 ;;
    prefill-q4-1thread) prefill "$part" "$q4" --prompt-tokens 4096 --attn-cp 1,2 --threads 1 --rounds 5 ;;
    prefill-q4-int8) prefill "$part" "$q4" --dtype int8 --prompt-tokens 512,2048 --attn-cp 1,2 --rounds 3 ;;
    memory-q4) prefill "$part" "$q4" --prompt-tokens 4096 --attn-cp 1 --rounds 1 ;;
    decode-q4) decode "$part" "$q4" --depth 512 --streams 1,16 --rounds 3 ;;
    decode-q4-int8) decode "$part" "$q4" --dtype int8 --depth 512 --streams 1,16 --rounds 3 ;;
    decode-bench) decode "$part" "$bench" --depth 512 --streams 1,16 --rounds 3 ;;
    decode-demo) decode "$part" models/demo --depth 64 --streams 1 --attn-cp 1,2 --steps 200 --rounds 3 ;;
    peers-bench-bf16) peers "$part" "$bench" --prompt-tokens 512,2048,4096 --depth 512 --rounds 3 ;;
    peers-q4-bf16) peers "$part" "$q4" --prompt-tokens 512,2048 --depth 512 --rounds 3 ;;
    peers-q4-bf16-4096) peers "$part" "$q4" --prompt-tokens 4096 --depth 0 --rounds 3 ;;
    peers-q4-bf16-8192) peers "$part" "$q4" --prompt-tokens 0 --depth 8192 --rounds 3 ;;
    peers-q4-bf16-16384) peers "$part" "$q4" --prompt-tokens 16384 --depth 0 --rounds 1 ;;
    peers-q4-q8) peers "$part" "$q4" --gguf-type Q8_0 --prompt-tokens 512,2048 --depth 512 --rounds 3 ;;
    peers-q4-q8-8192) peers "$part" "$q4" --gguf-type Q8_0 --prompt-tokens 0 --depth 8192 --rounds 3 ;;
    load-q4) record "$part" "$akkacp" bench load --json --model "$q4" --rounds 3 ;;
    transport) transport ;;
    transport-link) transport-link ;;
    cluster) cluster ;;
    serving) serving ;;
    soak) soak ;;
    start) record "$part" "$report" start 11 "built=$akkacp" "published=$published/akkacp" ;;
    tables) "$report" write "$results" ;;
    *) echo "run-all.sh: expected one of" $all", found $part" >&2; exit 2 ;;
  esac
done
