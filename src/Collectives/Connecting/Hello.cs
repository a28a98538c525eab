using System.Text;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Connecting;

/// <summary>What a dialling process says of itself and of the epoch that it means.</summary>
internal sealed record Hello
{
    private const int MaxRanks = 1024;

    public required HelloPurpose Purpose { get; init; }

    public long Epoch { get; init; }

    public Guid Formation { get; init; }

    public RankTopology Topology { get; init; } = new(1);

    /// <summary>Global ranks of the dialling process.</summary>
    public IReadOnlyList<int> From { get; init; } = [];

    /// <summary>Global ranks of the process that it means to reach.</summary>
    public IReadOnlyList<int> To { get; init; } = [];

    public MeshFacts Facts { get; init; } = new("", "", "");

    public int EagerBytes { get; init; }

    public int EagerFrames { get; init; }

    public int RingProcesses { get; init; }

    public int RingBytes { get; init; }

    /// <summary>What a process says to a peer of its mesh.</summary>
    public static Hello Of(MeshSpec spec, DataPlaneOptions options, IReadOnlyList<int> to) => new()
    {
        Purpose = HelloPurpose.Ranks,
        Epoch = spec.Epoch,
        Formation = spec.Formation,
        Topology = spec.Topology,
        From = [.. spec.LocalRanks.Order()],
        To = [.. to.Order()],
        Facts = spec.Facts,
        EagerBytes = options.EagerBytes,
        EagerFrames = options.EagerFrames,
        RingProcesses = options.RingProcesses,
        RingBytes = options.RingBytes,
    };

    public byte[] Encode()
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory, Encoding.UTF8);
        writer.Write((byte)Purpose);
        writer.Write(Epoch);
        writer.Write(Formation.ToByteArray());
        foreach (var size in (int[])[Topology.Tp, Topology.AttnCp, Topology.MoeDp, Topology.Ep, Topology.AttnDp, Topology.Pp])
            writer.Write(size);

        Write(writer, From);
        Write(writer, To);
        writer.Write(Facts.ModelHash);
        writer.Write(Facts.Numerics);
        writer.Write(Facts.DType);
        writer.Write(EagerBytes);
        writer.Write(EagerFrames);
        writer.Write(RingProcesses);
        writer.Write(RingBytes);
        return memory.ToArray();
    }

    /// <exception cref="IOException">The bytes are no hello.</exception>
    public static Hello Decode(byte[] bytes)
    {
        using var memory = new MemoryStream(bytes);
        using var reader = new BinaryReader(memory, Encoding.UTF8);
        try
        {
            // Read in the order of writing.
            var hello = new Hello
            {
                Purpose = (HelloPurpose)reader.ReadByte(),
                Epoch = reader.ReadInt64(),
                Formation = new Guid(reader.ReadBytes(16)),
                Topology = new RankTopology(
                    reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32()),
                From = ReadRanks(reader),
                To = ReadRanks(reader),
                Facts = new MeshFacts(reader.ReadString(), reader.ReadString(), reader.ReadString()),
                EagerBytes = reader.ReadInt32(),
                EagerFrames = reader.ReadInt32(),
                RingProcesses = reader.ReadInt32(),
                RingBytes = reader.ReadInt32(),
            };
            return memory.Position == memory.Length ? hello : throw new InvalidDataException("a hello with bytes behind it");
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException)
        {
            throw new InvalidDataException($"a hello that cannot be read: {malformed.Message}", malformed);
        }
    }

    private static void Write(BinaryWriter writer, IReadOnlyList<int> ranks)
    {
        writer.Write((ushort)ranks.Count);
        foreach (var rank in ranks)
            writer.Write(rank);
    }

    private static int[] ReadRanks(BinaryReader reader)
    {
        int count = reader.ReadUInt16();
        if (count > MaxRanks)
            throw new InvalidDataException($"a hello of {count} ranks, where {MaxRanks} are the most");

        var ranks = new int[count];
        for (var i = 0; i < ranks.Length; i++)
            ranks[i] = reader.ReadInt32();

        return ranks;
    }
}
