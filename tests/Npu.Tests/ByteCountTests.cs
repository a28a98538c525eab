using Xunit;

namespace AkkaCp.Npu.Tests;

public class ByteCountTests
{
    [Theory]
    [InlineData(new long[] { }, 1)]
    [InlineData(new long[] { 3, 5 }, 15)]
    [InlineData(new[] { 0, long.MaxValue }, 0)]
    [InlineData(new[] { long.MaxValue, long.MaxValue, long.MaxValue }, ByteCount.Most)]
    [InlineData(new[] { 1L << 32, 1L << 32 }, ByteCount.Most)]
    public void Product_StaysAtItsMost(long[] factors, long expected) => Assert.Equal(expected, ByteCount.Product(factors));

    [Theory]
    [InlineData(new long[] { }, 0)]
    [InlineData(new long[] { 3, 5 }, 8)]
    [InlineData(new[] { long.MaxValue, long.MaxValue, long.MaxValue }, ByteCount.Most)]
    public void Sum_StaysAtItsMost(long[] parts, long expected) => Assert.Equal(expected, ByteCount.Sum(parts));
}
