using AkkaCp.Npu;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>Sizes and parts of <see cref="GroupRows"/>.</summary>
internal static class GroupSpans
{
    // All exponents of a half that is no finite number.
    private const ushort NotFinite = 0x7C00;

    /// <summary>Codes from one on, with their scales.</summary>
    /// <param name="groups">All.</param>
    /// <param name="format">Their format.</param>
    /// <param name="first">The first code, that of a block.</param>
    /// <param name="count">Codes, whole blocks.</param>
    public static GroupRows Part(this scoped in GroupRows groups, GroupFormat format, int first, int count)
    {
        var (block, blocks) = (first / format.BlockInputs, count / format.BlockInputs);
        var (group, ofGroups) = format.GroupInputs == 0 ? (0, 0) : (first / format.GroupInputs, count / format.GroupInputs);
        return new GroupRows
        {
            Codes = groups.Codes.Slice(first, count),
            Scales = groups.Scales.Slice(block, blocks),
            Mins = format.HasMins ? groups.Mins.Slice(block, blocks) : default,
            Zeros = format.HasZeros ? groups.Zeros.Slice(block, blocks) : default,
            GroupScales = groups.GroupScales.Slice(group, ofGroups),
            GroupMins = format.HasMins ? groups.GroupMins.Slice(group, ofGroups) : default,
        };
    }

    /// <exception cref="ArgumentOutOfRangeException">These are not as many codes, or scales of so many.</exception>
    public static void RequireCount(this scoped in GroupRows groups, GroupFormat format, long count)
    {
        var (blocks, ofGroups) = (count / format.BlockInputs, format.GroupInputs == 0 ? 0 : count / format.GroupInputs);
        Require(groups.Codes.Length, count, nameof(groups.Codes));
        Require(groups.Scales.Length, blocks, nameof(groups.Scales));
        Require(groups.Mins.Length, format.HasMins ? blocks : 0, nameof(groups.Mins));
        Require(groups.Zeros.Length, format.HasZeros ? blocks : 0, nameof(groups.Zeros));
        Require(groups.GroupScales.Length, ofGroups, nameof(groups.GroupScales));
        Require(groups.GroupMins.Length, format.HasMins ? ofGroups : 0, nameof(groups.GroupMins));
    }

    /// <summary>The first block whose scale or minimum is not finite, and that number; null when all are.</summary>
    public static (int Block, Half Number)? FindNonFinite(this scoped in GroupRows groups) =>
        FindNonFinite(groups.Scales) ?? FindNonFinite(groups.Mins);

    private static (int Block, Half Number)? FindNonFinite(ReadOnlySpan<ushort> halves)
    {
        for (var i = 0; i < halves.Length; i++)
        {
            if ((halves[i] & NotFinite) == NotFinite)
                return (i, BitConverter.UInt16BitsToHalf(halves[i]));
        }

        return null;
    }

    private static void Require(int found, long expected, string name) =>
        ArgumentOutOfRangeException.ThrowIfNotEqual(found, expected, name);
}
