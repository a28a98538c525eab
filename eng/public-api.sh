#!/usr/bin/env bash
# Writes the lists of public members anew, PublicAPI.Unshipped.txt beside each project under src/: new members in, stale ones out.
# The build compares them with the code. A project that did not change is read and its list stays as it is.
# Usage: eng/public-api.sh [project under src/, e.g. Scheduling, ...]
set -eu
cd "$(dirname "$0")/.."

projects=("$@")
[ $# -gt 0 ] || for list in src/*/PublicAPI.Unshipped.txt; do projects+=("$(basename "$(dirname "$list")")"); done

for project in "${projects[@]}"; do
    echo '#nullable enable' > "src/$project/PublicAPI.Unshipped.txt"
    dotnet format analyzers "src/$project" --diagnostics RS0016 --severity warn --include "src/$project/"
done
