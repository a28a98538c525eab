#!/usr/bin/env bash
# Kills, pauses, cuts off and restarts the nodes of a cluster while answers stream, every fault of docs/faults.md; needs root, iproute2
# and iptables, for each node gets a network namespace. Prints the table of recovery times. About 20 minutes on two cores.
#   eng/faults.sh [FILTER ...]     such as: eng/faults.sh -method '*Kill*'
set -euo pipefail
cd "$(dirname "$0")/.."
project=tests/Faults.Tests
dotnet build -c Release "$project" -v quiet
report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
AKKACP_FAULTS=all AKKACP_FAULTS_REPORT="$report" dotnet "$project"/bin/Release/net10.0/AkkaCp.Faults.Tests.dll -noColor "$@" || status=$?
echo
echo "| fault | detected after | serving again after | longest pause of a stream |"
echo "|---|---|---|---|"
cat "$report"
exit "$status"
