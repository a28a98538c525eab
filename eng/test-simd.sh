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

# Variants that this machine may lack come first; the others run everywhere that has their vectors.
kernels() {
    local name=$1
    shift
    echo "== kernels $name"
    env AKKACP_KERNELS="$name" dotnet "$tests" "$@"
}

if grep -qw avx512_bf16 /proc/cpuinfo 2>/dev/null; then
    kernels bf16-avx512 "$@"
fi
if grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
    kernels avx512 "$@"
fi
if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    kernels vector256 "$@"
fi
kernels vector128 "$@"
kernels scalar "$@"

if grep -qw avx512f /proc/cpuinfo 2>/dev/null; then
    run avx512 DOTNET_PreferredVectorBitWidth=512 "$@"
fi
if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    run vector256 DOTNET_EnableAVX512=0 "$@"
fi
run vector128 DOTNET_EnableAVX2=0 "$@"
run scalar DOTNET_EnableHWIntrinsic=0 "$@"
