using System.Net;
using System.Net.Sockets;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Collectives.Tests.Wire;

/// <summary>Frames on a real connection, whose other end reads when the test lets it.</summary>
public sealed class FrameWriterTests : IDisposable
{
    private readonly Socket _near;
    private readonly Socket _far;
    private readonly TensorPool _pool = new();
    private readonly List<byte> _expected = [];

    public FrameWriterTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 64 << 10 };
        _near.Connect(listener.LocalEndPoint!);
        _far = listener.Accept();
        _far.ReceiveTimeout = 30_000;
    }

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
        _pool.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(8 << 10)]
    [InlineData(100 << 10)]
    [InlineData(1 << 20)]
    public async Task Frames_OfAnyLength_ArriveByteForByte(int elements)
    {
        using var connection = new Connection(_near, null);
        var writer = new FrameWriter(connection);
        var reading = ReadAsync();
        for (var i = 0; i < 5; i++)
            Write(writer, elements + i);

        writer.Flush();
        connection.EndSending();
        Assert.Equal(_expected, await reading);
    }

    [Fact]
    public async Task WithoutWaiting_WhatFindsNoRoomIsKept_AndLeavesWithTheNextFrame()
    {
        Assert.SkipUnless(GatherSend.IsSupported, "needs sendmsg of 64-bit Linux");
        using var connection = new Connection(_near, null);
        var writer = new FrameWriter(connection) { MayWait = false };
        // Nobody reads: some frame does not fit into the kernel's buffers any more.
        var frames = 0;
        while (writer.Pending == 0)
        {
            Write(writer, (FrameWriter.MaxBytesAtOnce - FrameHeader.Bytes) / 2);
            writer.Flush();
            Assert.True(++frames < 1000, "the kernel takes everything");
        }

        Assert.InRange(writer.Pending, 1, FrameWriter.MaxBytesAtOnce);
        var reading = ReadAsync();
        writer.MayWait = true;
        Write(writer, 10);
        writer.Flush();
        connection.EndSending();
        Assert.Equal(_expected, await reading);
    }

    [Fact]
    public void ToAPeerThatIsGone_TheNextSendThatMayWaitFails()
    {
        using var connection = new Connection(_near, null);
        var writer = new FrameWriter(connection);
        _far.LingerState = new LingerOption(true, 0);
        _far.Dispose();
        Assert.Throws<IOException>(() =>
        {
            for (var i = 0; i < 100; i++)
                Write(writer, 1 << 20);
        });
    }

    private void Write(FrameWriter writer, int elements)
    {
        var rows = _pool.Rent(DType.BF16, 1, elements).View;
        var payload = new byte[2 * elements];
        new Random(elements).NextBytes(payload);
        rows.Write(payload);
        var header = new FrameHeader { Kind = FrameKind.Data, DType = DType.BF16, Rows = 1, RowLength = elements, Length = 2 * elements };
        var bytes = new byte[FrameHeader.Bytes];
        header.Write(bytes);
        _expected.AddRange(bytes);
        _expected.AddRange(payload);
        writer.Write(header, rows);
    }

    private Task<byte[]> ReadAsync() => Task.Factory.StartNew(
        () =>
        {
            using var all = new MemoryStream();
            using var stream = new NetworkStream(_far);
            stream.CopyTo(all);
            return all.ToArray();
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
