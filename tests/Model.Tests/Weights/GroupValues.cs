using AkkaCp.Npu;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>Arrays for <see cref="GroupRows"/>, and the values that they stand for, as <see cref="DType"/> has the formulas.</summary>
internal sealed class GroupValues(GroupFormat format, int count)
{
    private readonly byte[] _codes = new byte[count];
    private readonly ushort[] _scales = new ushort[count / format.BlockInputs];
    private readonly ushort[] _mins = new ushort[format.HasMins ? count / format.BlockInputs : 0];
    private readonly byte[] _groupScales = new byte[OfGroups(format, count)];
    private readonly byte[] _groupMins = new byte[format.HasMins ? OfGroups(format, count) : 0];

    public GroupRows Rows => new()
    {
        Codes = _codes,
        Scales = _scales,
        Mins = _mins,
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
                DType.Q4M => (d * q) + min,
                DType.Q6K => d * (sbyte)rows.GroupScales[group] * (q - 32),
                _ => (d * rows.GroupScales[group] * q) - (min * rows.GroupMins[group]),
            };
        }

        return values;
    }

    private static int OfGroups(GroupFormat format, int count) => format.GroupInputs == 0 ? 0 : count / format.GroupInputs;
}
