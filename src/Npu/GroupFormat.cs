namespace AkkaCp.Npu;

/// <summary>
/// What a matrix of a quantised type holds: codes, and scales for groups of neighbouring inputs. Weights are exactly those that the codes
/// and scales say; products are integers inside a group (see <see cref="INpuDevice.MatMul"/>).
/// </summary>
public sealed record GroupFormat
{
    // The tables as their values, and what makes all of them codes of an unsigned byte.
    private static readonly sbyte[] s_iq4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    private static readonly sbyte[] s_mx4 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    private static readonly GroupFormat[] s_all =
    [
        new() { DType = DType.Q8, CodeBits = 8, BlockInputs = 32, Zero = 128, HasSignedCodes = true },
        new() { DType = DType.Q4, CodeBits = 4, BlockInputs = 32, Zero = 8 },
        new() { DType = DType.Q4M, CodeBits = 4, BlockInputs = 32, HasMins = true },
        new() { DType = DType.Q5, CodeBits = 5, BlockInputs = 32, Zero = 16 },
        new() { DType = DType.Q5M, CodeBits = 5, BlockInputs = 32, HasMins = true },
        new() { DType = DType.Q4Z32, CodeBits = 4, BlockInputs = 32, HasZeros = true },
        new() { DType = DType.Q4Z128, CodeBits = 4, BlockInputs = 128, HasZeros = true },
        new() { DType = DType.Q8Z32, CodeBits = 8, BlockInputs = 32, HasZeros = true },
        new() { DType = DType.Q8Z128, CodeBits = 8, BlockInputs = 128, HasZeros = true },
        new() { DType = DType.IQ4, CodeBits = 4, BlockInputs = 32, Zero = 128, Values = s_iq4 },
        new() { DType = DType.MX4, CodeBits = 4, BlockInputs = 32, Zero = 12, Values = s_mx4 },
        new() { DType = DType.Q4K, CodeBits = 4, BlockInputs = 256, HasMins = true, GroupInputs = 32 },
        new() { DType = DType.Q5K, CodeBits = 5, BlockInputs = 256, HasMins = true, GroupInputs = 32 },
        new() { DType = DType.Q6K, CodeBits = 6, BlockInputs = 256, Zero = 32, GroupInputs = 16 },
        new() { DType = DType.Q2K, CodeBits = 4, BlockInputs = 256, HasMins = true, GroupInputs = 16 },
        new() { DType = DType.Q3K, CodeBits = 4, BlockInputs = 256, Zero = 4, GroupInputs = 16 },
        new() { DType = DType.IQ4K, CodeBits = 4, BlockInputs = 256, Zero = 128, GroupInputs = 32, Values = s_iq4 },
    ];

    private GroupFormat()
    {
    }

    /// <summary>The formats of all types that have groups.</summary>
    public static IReadOnlyList<GroupFormat> All => s_all;

    /// <summary>The type.</summary>
    public required DType DType { get; init; }

    /// <summary>Bits that keep a code.</summary>
    public required int CodeBits { get; init; }

    /// <summary>Inputs that share a d, and a minimum or zero where there are such: K is a multiple of it.</summary>
    public required int BlockInputs { get; init; }

    /// <summary>Whether a block has a second number: m, or dmin.</summary>
    public bool HasMins { get; private init; }

    /// <summary>Whether a block has a zero of its own, the code of a weight of zero.</summary>
    public bool HasZeros { get; private init; }

    /// <summary>Whether codes are signed where they are a byte each.</summary>
    public bool HasSignedCodes { get; private init; }

    /// <summary>Inputs that share an integer scale, and an integer minimum where there are minimums; 0: there are none.</summary>
    public int GroupInputs { get; private init; }

    /// <summary>Bits of one input's weight, scales included.</summary>
    public double BitsPerWeight => CodeBits + ((HasMins || HasZeros ? 32.0 : 16.0) / BlockInputs)
        + (GroupInputs == 0 ? 0 : (HasMins ? 16.0 : 8.0) / GroupInputs);

    /// <summary>The unsigned code of a weight of zero, of all blocks; 0 where minimums or zeros of their own say it.</summary>
    internal int Zero { get; private init; }

    /// <summary>What codes stand for; null: themselves.</summary>
    internal sbyte[]? Values { get; private init; }

    /// <summary>The format of a type, or null for one that has no groups.</summary>
    public static GroupFormat? Of(DType dtype) => Array.Find(s_all, format => format.DType == dtype);
}
