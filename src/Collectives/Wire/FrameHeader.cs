using System.Buffers.Binary;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Wire;

/// <summary>
/// The first 72 bytes of a frame, little-endian, in the order of the properties; <see cref="Length"/> bytes of payload follow. What is
/// read from a connection is checked for form here, and against the posted call by the group that it is for.
/// </summary>
internal readonly record struct FrameHeader
{
    public const int Bytes = 72;

    /// <summary>"AKCP".</summary>
    public const uint Magic = 0x50434B41;

    /// <summary>Of frames and handshake together.</summary>
    public const ushort Version = 3;

    /// <summary>Longest reason that a fault or an abort carries.</summary>
    public const int MaxTextBytes = 1024;

    private const byte EagerFlag = 1;

    public FrameKind Kind { get; init; }

    public DType DType { get; init; }

    /// <summary>Whether the block took one of the receiver's places for frames that come before their call.</summary>
    public bool Eager { get; init; }

    public GroupOperation Operation { get; init; }

    public CollectiveTag Tag { get; init; }

    public GroupKind GroupKind { get; init; }

    /// <summary>Place of the group among the layout's groups of its kind.</summary>
    public ushort GroupIndex { get; init; }

    /// <summary>Member whose rows these are; of a fault or an abort, the member that it is about.</summary>
    public ushort Member { get; init; }

    /// <summary>Member that the rows are for, when they are part of a sum.</summary>
    public ushort Part { get; init; }

    public BlockPhase Phase { get; init; }

    public int Rows { get; init; }

    public int RowLength { get; init; }

    /// <summary>Of the call as a whole: equal on all members that mean the same.</summary>
    public ulong Signature { get; init; }

    /// <summary>Eager frames that the sender has taken from the receiver so far, modulo 2³².</summary>
    public uint Consumed { get; init; }

    /// <summary>Payload bytes.</summary>
    public long Length { get; init; }

    /// <summary>A frame that carries nothing.</summary>
    public static FrameHeader Plain(FrameKind kind, long epoch) => new() { Kind = kind, Tag = new CollectiveTag(epoch, 0, 0, default) };

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], Version);
        to[6] = (byte)Kind;
        to[7] = (byte)DType;
        to[8] = Eager ? EagerFlag : (byte)0;
        to[9] = (byte)Operation;
        to[10] = (byte)Tag.Kind;
        to[11] = (byte)GroupKind;
        BinaryPrimitives.WriteUInt16LittleEndian(to[12..], GroupIndex);
        BinaryPrimitives.WriteUInt16LittleEndian(to[14..], Member);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], Tag.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Tag.Step);
        BinaryPrimitives.WriteInt32LittleEndian(to[32..], Tag.Layer);
        BinaryPrimitives.WriteUInt16LittleEndian(to[36..], Part);
        to[38] = (byte)Phase;
        to[39] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(to[40..], Rows);
        BinaryPrimitives.WriteInt32LittleEndian(to[44..], RowLength);
        BinaryPrimitives.WriteUInt64LittleEndian(to[48..], Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(to[56..], Consumed);
        BinaryPrimitives.WriteUInt32LittleEndian(to[60..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(to[64..], Length);
    }

    /// <exception cref="ProtocolException">The bytes are no frame's.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> from)
    {
        Require(BinaryPrimitives.ReadUInt32LittleEndian(from) == Magic, "magic", from);
        Require(BinaryPrimitives.ReadUInt16LittleEndian(from[4..]) == Version, "version", from);
        var header = new FrameHeader
        {
            Kind = (FrameKind)from[6],
            DType = (DType)from[7],
            Eager = from[8] == EagerFlag,
            Operation = (GroupOperation)from[9],
            Tag = new CollectiveTag(
                BinaryPrimitives.ReadInt64LittleEndian(from[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
                BinaryPrimitives.ReadInt32LittleEndian(from[32..]),
                (CollectiveKind)from[10]),
            GroupKind = (GroupKind)from[11],
            GroupIndex = BinaryPrimitives.ReadUInt16LittleEndian(from[12..]),
            Member = BinaryPrimitives.ReadUInt16LittleEndian(from[14..]),
            Part = BinaryPrimitives.ReadUInt16LittleEndian(from[36..]),
            Phase = (BlockPhase)from[38],
            Rows = BinaryPrimitives.ReadInt32LittleEndian(from[40..]),
            RowLength = BinaryPrimitives.ReadInt32LittleEndian(from[44..]),
            Signature = BinaryPrimitives.ReadUInt64LittleEndian(from[48..]),
            Consumed = BinaryPrimitives.ReadUInt32LittleEndian(from[56..]),
            Length = BinaryPrimitives.ReadInt64LittleEndian(from[64..]),
        };
        Require(header.Kind is >= FrameKind.Post and <= FrameKind.Goodbye, "kind", from);
        Require(from[8] <= EagerFlag && from[39] == 0 && BinaryPrimitives.ReadUInt32LittleEndian(from[60..]) == 0, "flags", from);
        Require(header.Tag.Kind <= CollectiveKind.Transfer, "collective", from);
        Require(header.HasFittingLength(), "length", from);
        return header;
    }

    private bool HasFittingLength() => Kind switch
    {
        FrameKind.Data => DType is DType.F32 or DType.BF16 && Rows >= 0 && RowLength >= 0
            && Length == (Int128)Rows * RowLength * DType.Bytes(),
        FrameKind.Fault or FrameKind.Abort => Length is >= 0 and <= MaxTextBytes,
        _ => Length == 0,
    };

    private static void Require(bool holds, string field, ReadOnlySpan<byte> from)
    {
        if (!holds)
            throw new ProtocolException($"frame with an impossible {field}: {Convert.ToHexString(from)}");
    }
}
