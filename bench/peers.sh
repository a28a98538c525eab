#!/usr/bin/env bash
# Fetches the peer into bench/.peers, which git ignores. Needs npm; no script of a package runs.
#   bench/peers.sh           llama.cpp v0.5.0's native libraries, prebuilt, with variants for each x64 generation; prints their folder
#   bench/peers.sh server    its llama-server too, which no package has: built from the release's sources, which node-llama-cpp brings,
#                            against those libraries, without vision and its web page; needs git and g++, 3 minutes; prints the program
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)/.peers"
libs="$folder/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
if [ ! -d "$libs" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 >&2
fi
if [ "${1:-}" != server ]; then
  echo "$libs"
  exit
fi

# The variants of its kernels are looked for beside the program.
server="$libs/llama-server"
if [ ! -x "$server" ]; then
  sources="$folder/llama.cpp"
  objects="$folder/objects"
  mkdir -p "$objects"
  if [ ! -d "$sources" ]; then
    (cd "$objects" && npm pack --silent node-llama-cpp@3.22.1 > package.txt && tar xzf "$(cat package.txt)" package/llama/gitRelease.bundle)
    git clone -q "$objects/package/llama/gitRelease.bundle" "$sources" >&2
  fi

  # What its build generates: a page's files, of which there are none.
  cat > "$objects/ui.h" << 'H'
#pragma once
#include <cstddef>
#include <string>
#include <vector>
struct llama_ui_asset { std::string name; const unsigned char * data; size_t size; std::string etag; std::string type; };
inline const llama_ui_asset * llama_ui_find_asset(const std::string &) { return nullptr; }
inline const std::vector<llama_ui_asset> & llama_ui_get_assets() { static std::vector<llama_ui_asset> none; return none; }
inline bool llama_ui_use_gzip() { return false; }
H
  cd "$sources"
  vision=(tools/mtmd/{mtmd,mtmd-audio,mtmd-image,mtmd-helper,mtmd-helper-gen,clip}.cpp)
  flags="-x c++ -std=c++17 -O2 -w -I$objects -I. -Icommon -Iinclude -Iggml/include -Itools/server -Itools/mtmd -Ivendor -Ivendor/hash"
  printf '%s\n' vendor/hash/hash.cpp vendor/hash/*/*.c tools/server/*.cpp "${vision[@]}" \
    | xargs -P "$(nproc)" -I{} sh -c 'o="$2/$(basename "$1").o"; [ -f "$o" ] || g++ $3 -c "$1" -o "$o"' _ {} "$objects" "$flags" >&2
  rm -f "$objects/left-out.o"
  # Vision's models are left out: nothing that is asked for here calls them, and whoever did would stop at once.
  names() { nm -P "$@" 2> /dev/null | awk -v kinds="$kinds" 'index(kinds, $2) { print $1 }' | grep clip_ | sort -u; }
  comm -23 <(kinds=U names "$objects"/*.o) <(kinds=TVWBDR names "$objects"/*.o) \
    | awk '{ print ".globl " $1 "\n" $1 ": .fill 64, 1, 0xcc" } END { print ".section .note.GNU-stack" }' > "$objects/left-out.s"
  gcc -c "$objects/left-out.s" -o "$objects/left-out.o"
  g++ "$objects"/*.o -o "$server" -L"$libs" -Wl,-rpath,"$libs" -Wl,-rpath-link,"$libs" \
    -l:libllama-common.so -l:libllama.v0.5.0.so -l:libggml.v0.5.0.so -l:libggml-base.so -lpthread -ldl >&2
fi
echo "$server"
