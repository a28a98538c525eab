#!/usr/bin/env bash
# Runs the differential and fuzz tests with every case; dotnet test runs a tenth of them.
# Usage: eng/test-cases.sh [arguments of the test programs, e.g. -noColor]
set -eu
cd "$(dirname "$0")/.."
for project in $(grep -rlF 'Trait(CaseShare.Trait' tests --include='*Tests.cs' | cut -d/ -f2 | sort -u); do
    dotnet build "tests/$project" -c Release -v q --tl:off
    echo "== $project"
    AKKACP_CASES=all dotnet "tests/$project/bin/Release/net10.0/AkkaCp.$project.dll" -trait Cases=Shared "$@"
done
