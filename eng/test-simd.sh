#!/usr/bin/env bash
# Runs Npu.Tests once per instruction set, and once per kernel variant of the products. A test of each run proves that the switch
# took effect.
# Usage: eng/test-simd.sh [arguments of the test program, e.g. -class "*MatMulTests"]
set -eu
cd "$(dirname "$0")/.."
dotnet build tests/Npu.Tests -c Release -v q --tl:off
tests=tests/Npu.Tests/bin/Release/net10.0/AkkaCp.Npu.Tests.dll

# Levels that this machine's widest one includes; a narrower machine has fewer to test.
run() {
    local level=$1 setting=$2
    shift 2
    echo "== $level ($setting)"
    env AKKACP_EXPECT_SIMD="$level" $setting dotnet "$tests" "$@"
}

# A variant that needs features of the processor is skipped where one is missing.
kernels() {
    local name=$1 features=$2
    shift 2
    for feature in $features; do
        if ! grep -qw "$feature" /proc/cpuinfo 2>/dev/null; then
            echo "== kernels $name: skipped, the processor has no $feature"
            return
        fi
    done
    echo "== kernels $name"
    env AKKACP_KERNELS="$name" dotnet "$tests" "$@"
}

kernels amx "amx_tile amx_bf16 amx_int8 avx512_bf16" "$@"
kernels bf16-avx512 avx512_bf16 "$@"
kernels vnni-avx512 avx512_vnni "$@"
kernels avx512 avx512f "$@"
kernels avx2 "avx2 fma" "$@"
kernels vector256 avx2 "$@"
kernels vector128 "" "$@"
kernels scalar "" "$@"

if grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
    run avx512 DOTNET_PreferredVectorBitWidth=512 "$@"
fi
if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    run vector256 DOTNET_EnableAVX512=0 "$@"
fi
run vector128 DOTNET_EnableAVX2=0 "$@"
run scalar DOTNET_EnableHWIntrinsic=0 "$@"
