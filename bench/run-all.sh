#!/usr/bin/env bash
# Regenerates bench/results/<machine>: kernels, prefill, decode, and the comparison with llama.cpp. Run it on a quiet machine; the load
# is noted in each file. About 8 GB of disk under BENCH_DIR (default: a temporary folder, removed at the end) and 16 GB
# of memory.
#   bench/run-all.sh [machine] [kernels|prefill|decode|peers ...]
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
machine="${1:-epyc-zen5-2core}"
shift || true
parts="${*:-kernels prefill decode peers}"
results="$root/bench/results/$machine"
work="${BENCH_DIR:-$(mktemp -d)}"
[ -n "${BENCH_DIR:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$results" "$work"
cd "$root"
dotnet build src/Serving -c Release -v quiet --tl:off
dotnet build bench/Kernels -c Release -v quiet --tl:off
dotnet build bench/Peers -c Release -v quiet --tl:off
akkacp="src/Serving/bin/Release/net10.0/akkacp"
kernels="bench/Kernels/bin/Release/net10.0/AkkaCp.Bench.Kernels"
peers="bench/Peers/bin/Release/net10.0/AkkaCp.Bench.Peers"

# name, layers
model() {
  [ -f "$work/$1-$2/config.json" ] || "$akkacp" synth --preset "$1" --layers "$2" --output "$work/$1-$2" >&2
  echo "$work/$1-$2"
}

head_of() {
  echo "# $1"
  echo
  echo "Written by \`bench/run-all.sh\`. SDK $(dotnet --version), commit $(git rev-parse --short HEAD), $(date -u +%F),"
  echo "$(nproc) cores: $(lscpu | sed -n 's/^Model name: *//p' | head -1)."
}

# Runs a command and files what it prints, with the load before and behind: other processes make every figure worse.
section() {
  echo
  echo "## $1"
  shift
  echo
  echo "\`$(echo "$*" | sed "s#$work/##g; s#$root/##g; s#[^ ]*/bin/Release/net10.0/##g")\`"
  echo
  echo "Load before: $(cut -d' ' -f1-3 /proc/loadavg)."
  echo
  "$@" 2>/dev/null
  echo
  echo "Load behind: $(cut -d' ' -f1-3 /proc/loadavg)."
}

run_kernels() {
  head_of Kernels
  for run in 1 2 3; do section "One thread, run $run" "$kernels" --limits 1 15; done
}

run_prefill() {
  head_of Prefill
  section "Bench model, 1 rank × 2 threads beside 2 ranks × 1 thread" \
    "$akkacp" bench prefill --model "$(model bench 8)" --prompt-tokens 512,2048 --attn-cp 1,2
  section "Bench model, 1 rank × 1 thread beside 2 ranks × 1 thread" \
    "$akkacp" bench prefill --model "$(model bench 8)" --prompt-tokens 2048 --attn-cp 1,2 --threads 1
  section "Qwen3-30B-A3B's layer dimensions, 4 layers" \
    "$akkacp" bench prefill --model "$(model qwen3-30b-a3b 4)" --prompt-tokens 2048 --attn-cp 1,2
}

run_decode() {
  head_of Decode
  section "Bench model" \
    "$akkacp" bench decode --model "$(model bench 8)" --depth 512 --streams 1,16
  section "Qwen3-30B-A3B's layer dimensions, 4 layers" \
    "$akkacp" bench decode --model "$(model qwen3-30b-a3b 4)" --depth 512 --streams 1,16
  section "Demo model: what a step costs outside the kernels" \
    "$akkacp" bench decode --model models/demo --depth 64 --streams 1 --attn-cp 1,2 --steps 200
}

run_peers() {
  local libs
  libs="$(bench/peers.sh)"
  head_of "llama.cpp beside us"
  for threads in 1 2; do
    section "Bench model, BF16, threads $threads" \
      "$peers" --model "$(model bench 8)" --libs "$libs" --threads $threads --prompt-tokens 512,2048 --depth 512
  done
}

# A part's file takes its place when it is complete; two runs at once do not mix.
out="$(mktemp)"
for part in $parts; do
  case "$part" in
    kernels) run_kernels > "$out" && cp "$out" "$results/Kernels.md" ;;
    prefill) run_prefill > "$out" && cp "$out" "$results/Prefill.md" ;;
    decode) run_decode > "$out" && cp "$out" "$results/Decode.md" ;;
    peers) run_peers > "$out" && cp "$out" "$results/Peers.md" ;;
    *) echo "run-all.sh: expected kernels, prefill, decode or peers, found $part" >&2; exit 2 ;;
  esac
done
rm -f "$out"
