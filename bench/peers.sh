#!/usr/bin/env bash
# Fetches the peer's native libraries (llama.cpp v0.5.0, prebuilt, with variants for each x64 generation) into bench/.peers, which git
# ignores, and prints their folder. Needs npm; no script of the package runs.
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)/.peers"
libs="$folder/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
if [ ! -d "$libs" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 >&2
fi
echo "$libs"
