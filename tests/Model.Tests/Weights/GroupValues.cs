using AkkaCp.Npu;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>Arrays for <see cref="GroupRows"/>, and the values that they stand for, as <see cref="DType"/> has the formulas.</summary>
internal sealed class GroupValues(GroupFormat format, int count)
{
    private static readonly int[] s_iq4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    private static readonly int[] s_mx4 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    private readonly byte[] _codes = new byte[count];
    private readonly ushort[] _scales = new ushort[count / format.BlockInputs];
    private readonly ushort[] _mins = new ushort[format.HasMins ? count / format.BlockInputs : 0];
    private readonly byte[] _zeros = new byte[format.HasZeros ? count / format.BlockInputs : 0];
    private readonly byte[] _groupScales = new byte[OfGroups(format, count)];
    private readonly byte[] _groupMins = new byte[format.HasMins ? OfGroups(format, count) : 0];

    public GroupRows Rows => new()
    {
        Codes = _codes,
        Scales = _scales,
        Mins = _mins,
        Zeros = _zeros,
        GroupScales = _groupScales,
        GroupMins = _groupMins,
    };

    public float[] Values => Of(format, Rows);

    public static float[] Of(GroupFormat format, GroupRows rows)
    {
        var values = new float[rows.Codes.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (block, group) = (i / format.BlockInputs, format.GroupInputs == 0 ? 0 : i / format.GroupInputs);
            var d = (float)BitConverter.UInt16BitsToHalf(rows.Scales[block]);
            var min = format.HasMins ? (float)BitConverter.UInt16BitsToHalf(rows.Mins[block]) : 0;
            var q = rows.Codes[i];
            values[i] = format.DType switch
            {
                DType.Q8 => d * (sbyte)q,
                DType.Q4 => d * (q - 8),
                DType.Q5 => d * (q - 16),
                DType.Q4M or DType.Q5M => (d * q) + min,
                DType.IQ4 => d * s_iq4[q],
                DType.MX4 => d * s_mx4[q],
                DType.Q6K => d * (sbyte)rows.GroupScales[group] * (q - 32),
                DType.Q3K => d * (sbyte)rows.GroupScales[group] * (q - 4),
                DType.IQ4K => d * (sbyte)rows.GroupScales[group] * s_iq4[q],
                _ when format.HasZeros => d * (q - rows.Zeros[block]),
                _ => (d * rows.GroupScales[group] * q) - (min * rows.GroupMins[group]),
            };
        }

        return values;
    }

    private static int OfGroups(GroupFormat format, int count) => format.GroupInputs == 0 ? 0 : count / format.GroupInputs;
}
