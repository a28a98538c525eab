using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Faults;

/// <summary>A peer that has shaken hands and then sends what it must not: thrown out, counted once, nothing allocated for it.</summary>
public sealed class ProtocolBreachTests : IDisposable
{
    private const int DeadlineMilliseconds = 60_000;

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.KvGather);
    private static readonly int[] s_rows = [40, 40];

    private static readonly CallShape s_shape = new()
    {
        Operation = GroupOperation.AllGather,
        RowLength = 1000,
        RowsPerRank = s_rows,
    };

    private static readonly FrameHeader s_good = RawWorld.Block(GroupKind.AttnCp, 0, s_tag, 1, s_shape);

    private static readonly Dictionary<string, byte[]> s_frames = new()
    {
        ["another protocol"] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"u8.ToArray(),
        ["wrong magic"] = Changed(bytes => bytes[0] ^= 1),
        ["another version"] = Changed(bytes => bytes[4]++),
        ["unknown kind"] = Changed(bytes => bytes[6] = 200),
        ["unknown type"] = Changed(bytes => bytes[7] = 2),
        ["unknown flags"] = Changed(bytes => bytes[8] = 2),
        ["unknown collective"] = Changed(bytes => bytes[10] = 99),
        ["another epoch"] = Framed(s_good with { Tag = s_tag with { Epoch = 0 } }),
        ["length that is not that of its rows"] = Framed(s_good with { Length = s_good.Length + 1 }),
        ["negative rows"] = Framed(s_good with { Rows = -40, Length = -s_good.Length }),
        ["a petabyte"] = Framed(s_good with { Rows = int.MaxValue, RowLength = 1 << 20, Length = (long)int.MaxValue << 22 }),
        ["more rows than agreed"] = Framed(s_good with { Rows = 41, Length = 41L * 1000 * 4 }),
        ["another type than agreed"] = Framed(s_good with { DType = DType.BF16, Length = s_good.Length / 2 }),
        ["an unknown group"] = Framed(s_good with { GroupIndex = 7 }),
        ["an unknown kind of group"] = Framed(s_good with { GroupKind = (GroupKind)77 }),
        ["a member that is not there"] = Framed(s_good with { Member = 9 }),
        ["another process's rows"] = Framed(s_good with { Member = 0 }),
        ["rows that nobody posted"] = Framed(s_good with { Tag = s_tag with { Step = 5 } }),
        ["an eager frame that is too long"] = Framed(s_good with { Tag = s_tag with { Step = 5 }, Eager = true }),
        ["a post with a payload"] = Framed(s_good with { Kind = FrameKind.Post }),
        ["a reason that is too long"] = Framed(s_good with { Kind = FrameKind.Abort, Length = 5000 }),
        ["a fault that cannot be read"] = [.. Framed(s_good with { Kind = FrameKind.Fault, Length = 4 }), 1, 2, 3, 4],
        ["credits for frames that were not sent"] = Framed(s_good with { Consumed = 17 }),
    };

    private readonly TensorPool _pool = new();

    public static TheoryData<string> Frames => [.. s_frames.Keys];

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Frames))]
    public async Task FrameThatMustNotBe_LosesItsPeer(string what)
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2));
        var memory = ((RankMesh)world.Meshes[0]).Memory;
        var reserved = memory.BytesReserved;
        var call = GatherAsync(world.Group(GroupKind.AttnCp, 0), s_tag);

        world.Raw.Send(world.Planes[0].Endpoint, s_frames[what]);

        var error = await Assert.ThrowsAsync<PeerLostException>(() => call);
        Assert.Contains("broke the protocol", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, world.Planes[0].Counters.Broken);
        Assert.Equal(reserved, memory.BytesReserved);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MoreEarlyFramesThanAgreed_LoseTheirPeer()
    {
        var options = new DataPlaneOptions { EagerFrames = 4 };
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2), options);
        var shape = s_shape with { RowLength = 1 };
        for (var step = 1; step <= 5; step++)
        {
            var header = RawWorld.Block(GroupKind.AttnCp, 0, s_tag with { Step = step }, 1, shape) with { Eager = true };
            world.Raw.Send(world.Planes[0].Endpoint, header, new byte[header.Length]);
        }

        Assert.Contains("more than 4 frames", (await world.Meshes[0].Lost).Reason, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MoreOpenCallsThanPipelinesHave_LoseTheirPeer()
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2));
        for (var step = 1; step <= 1025; step++)
        {
            world.Raw.Send(world.Planes[0].Endpoint,
                s_good with { Kind = FrameKind.Post, Tag = s_tag with { Step = step }, Length = 0 });
        }

        Assert.Contains("1024 calls are open", (await world.Meshes[0].Lost).Reason, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task SameBlockTwice_LosesItsPeer()
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(3));
        int[] rows = [1, 1, 1];
        var shape = s_shape with { RowLength = 1000, RowsPerRank = rows };
        using var receive = _pool.Rent(DType.F32, 3, 1000);
        var call = world.Group(GroupKind.AttnCp, 0).AllGatherAsync(s_tag, receive.View.Slice(0, 1), receive, rows, default).AsTask();
        var header = RawWorld.Block(GroupKind.AttnCp, 0, s_tag, 2, shape);
        world.Raw.Send(world.Planes[0].Endpoint, header, new byte[header.Length]);
        world.Raw.Send(world.Planes[0].Endpoint, header, new byte[header.Length]);

        Assert.Contains("nobody waits for", (await Assert.ThrowsAsync<PeerLostException>(() => call)).Message, StringComparison.Ordinal);
    }

    // Nobody can say so while they come, as the call has not been made yet.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("other rows than agreed")]
    [InlineData("the same block twice")]
    public async Task EarlyRowsThatNobodyWaitsFor_EndTheirCall(string what)
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2));
        var good = RawWorld.Block(GroupKind.AttnCp, 0, s_tag, 1, s_shape with { RowLength = 100 }) with { Eager = true };
        FrameHeader[] sent = what == "the same block twice" ? [good, good] : [s_good with { Eager = true, Rows = 1, Length = 4000 }];
        foreach (var header in sent)
            world.Raw.Send(world.Planes[0].Endpoint, header, new byte[header.Length]);

        world.Raw.Send(world.Planes[0].Endpoint, s_good with { Kind = FrameKind.Post, Tag = s_tag with { Step = 2 }, Length = 0 });
        var group = ((RankMesh)world.Meshes[0]).Groups.All.Single(group => group.Map.Kind == GroupKind.AttnCp);
        await Eventually.IsAsync(() => group.Counts.Open == 2);

        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(
            () => GatherAsync(world.Group(GroupKind.AttnCp, 0), s_tag, sent[0].RowLength));

        Assert.Equal(1, error.Rank);
        Assert.Equal(0, world.Planes[0].Counters.Broken);
    }

    // Slow, but alive and right: byte by byte over the liveness of each.
    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task FrameThatComesInPieces_IsTaken()
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2));
        var call = GatherAsync(world.Group(GroupKind.AttnCp, 0), s_tag);
        var frame = new byte[FrameHeader.Bytes + s_good.Length];
        s_good.Write(frame);
        var random = new Random(1);
        for (var sent = 0; sent < frame.Length;)
        {
            var count = Math.Min(frame.Length - sent, sent < 200 ? 1 : random.Next(1, 5000));
            world.Raw.Send(world.Planes[0].Endpoint, frame.AsSpan(sent, count));
            sent += count;
        }

        await call;
    }

    public void Dispose() => _pool.Dispose();

    private static byte[] Framed(FrameHeader header)
    {
        var bytes = new byte[FrameHeader.Bytes];
        header.Write(bytes);
        return bytes;
    }

    private static byte[] Changed(Action<byte[]> change)
    {
        var bytes = Framed(s_good);
        change(bytes);
        return bytes;
    }

    private Task GatherAsync(IRankGroup group, CollectiveTag tag) => GatherAsync(group, tag, s_shape.RowLength);

    private Task GatherAsync(IRankGroup group, CollectiveTag tag, int rowLength)
    {
        var send = TestTensors.Filled(_pool, DType.F32, s_rows[group.Rank], rowLength, group.Rank, strided: false);
        var receive = TestTensors.Empty(_pool, DType.F32, s_rows.Sum(), rowLength, strided: false);
        return group.AllGatherAsync(tag, send, receive, s_rows, CancellationToken.None).AsTask();
    }
}
