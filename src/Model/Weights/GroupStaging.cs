using System.Buffers;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Rented memory for codes and scales on their way into a matrix.</summary>
/// <param name="format">Their format.</param>
/// <param name="codes">Codes at most, whole blocks.</param>
internal sealed class GroupStaging(GroupFormat format, int codes) : IDisposable
{
    private readonly int _blocks = codes / format.BlockInputs;
    private readonly int _groups = format.GroupInputs == 0 ? 0 : codes / format.GroupInputs;
    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(
        codes + (codes / format.BlockInputs) + (format.GroupInputs == 0 ? 0 : 2 * codes / format.GroupInputs));
    private readonly ushort[] _halves = ArrayPool<ushort>.Shared.Rent(2 * codes / format.BlockInputs);

    /// <summary>The first codes with their scales; what was there before is lost.</summary>
    public GroupRows Take(int count)
    {
        var all = new GroupRows
        {
            Codes = _bytes.AsSpan(0, codes),
            Scales = _halves.AsSpan(0, _blocks),
            Mins = _halves.AsSpan(_blocks, format.HasMins ? _blocks : 0),
            Zeros = _bytes.AsSpan(codes + (2 * _groups), format.HasZeros ? _blocks : 0),
            GroupScales = _bytes.AsSpan(codes, _groups),
            GroupMins = _bytes.AsSpan(codes + _groups, format.HasMins ? _groups : 0),
        };
        return all.Part(format, 0, count);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<ushort>.Shared.Return(_halves);
    }
}
