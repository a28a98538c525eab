namespace AkkaCp.Npu;

/// <summary>
/// What a matrix of a quantised type holds: codes, and scales for groups of neighbouring inputs. Weights are exactly those that the codes
/// and scales say; products are integers inside a group (see <see cref="INpuDevice.MatMul"/>).
/// </summary>
public sealed record GroupFormat
{
    private static readonly GroupFormat[] s_all =
    [
        new() { DType = DType.Q8, CodeBits = 8, BlockInputs = 32 },
        new() { DType = DType.Q4, CodeBits = 4, BlockInputs = 32 },
        new() { DType = DType.Q4M, CodeBits = 4, BlockInputs = 32, HasMins = true },
        new() { DType = DType.Q4K, CodeBits = 4, BlockInputs = 256, HasMins = true, GroupInputs = 32 },
        new() { DType = DType.Q5K, CodeBits = 5, BlockInputs = 256, HasMins = true, GroupInputs = 32 },
        new() { DType = DType.Q6K, CodeBits = 6, BlockInputs = 256, GroupInputs = 16 },
    ];

    private GroupFormat()
    {
    }

    /// <summary>The type.</summary>
    public required DType DType { get; init; }

    /// <summary>Bits of a code.</summary>
    public required int CodeBits { get; init; }

    /// <summary>Inputs that share a d, and a dmin or m where there are such: K is a multiple of it.</summary>
    public required int BlockInputs { get; init; }

    /// <summary>Whether a block has a second number: m, or dmin.</summary>
    public bool HasMins { get; private init; }

    /// <summary>Inputs that share an integer scale, and an integer minimum where there are minimums; 0: there are none.</summary>
    public int GroupInputs { get; private init; }

    /// <summary>Bits of one input's weight, scales included.</summary>
    public double BitsPerWeight =>
        CodeBits + ((HasMins ? 32.0 : 16.0) / BlockInputs) + (GroupInputs == 0 ? 0 : (HasMins ? 16.0 : 8.0) / GroupInputs);

    /// <summary>The format of a type, or null for one that has no groups.</summary>
    public static GroupFormat? Of(DType dtype) => Array.Find(s_all, format => format.DType == dtype);
}
