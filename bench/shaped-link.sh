#!/usr/bin/env bash
# Runs a two-process prefill over a link of a given rate: two network namespaces, a veth pair, tbf on both ends. Needs root and iproute2.
#   bench/shaped-link.sh MODEL TOKENS RATE...      for example 4096 10gbit 2500mbit 1gbit
set -euo pipefail
model="${1:?usage: bench/shaped-link.sh MODEL TOKENS RATE...}"
tokens="${2:?tokens}"
shift 2
bench="$(cd "$(dirname "$0")" && pwd)/Transport/bin/Release/net10.0/AkkaCp.Bench.Transport"
here="akkacp-$$-a"
there="akkacp-$$-b"
trap 'ip netns del "$here" 2>/dev/null || true; ip netns del "$there" 2>/dev/null || true' EXIT
ip netns add "$here"
ip netns add "$there"
ip -n "$here" link add veth0 type veth peer name veth0 netns "$there"
ip -n "$here" addr add 10.77.0.1/24 dev veth0
ip -n "$there" addr add 10.77.0.2/24 dev veth0
for ns in "$here" "$there"; do
  ip -n "$ns" link set lo up
  ip -n "$ns" link set veth0 up
done
for rate in "$@"; do
  echo
  echo "$rate"
  echo
  for ns in "$here" "$there"; do
    tc -n "$ns" qdisc replace dev veth0 root tbf rate "$rate" burst 128kb latency 50ms
  done
  ip netns exec "$here" "$bench" prefill "$model" "$tokens" 10.77.0.1 10.77.0.2 "ip netns exec $there"
done
