namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>Moves rows of codes and scales to their lanes of a panel, as <see cref="GroupLayout"/> says.</summary>
internal readonly unsafe ref struct GroupPanel(GroupLayout layout, GroupRows rows, int k)
{
    private const int Width = CpuPackedMatrix.PanelWidth;
    private const uint LowNibbles = 0x0F0F0F0F;

    private readonly GroupLayout _layout = layout;
    private readonly GroupRows _rows = rows;
    private readonly int _k = k;

    /// <summary>Packs rows first .. first+count-1 into lanes from <paramref name="lane"/> on, block by block, so that the lanes of a block
    /// are written while it is in the first cache.</summary>
    public void Pack(byte* panel, int lane, int first, int count)
    {
        var inputs = _layout.Format.BlockInputs;
        fixed (byte* codes = _rows.Codes)
        {
            for (var block = 0; block < _k / inputs; block++, panel += _layout.BlockBytes)
            {
                for (var row = first; row < first + count; row++)
                {
                    var at = lane + row - first;
                    PackCodes(panel, at, codes + ((nint)row * _k) + (block * inputs));
                    PackScales(panel, at, row, block);
                }
            }
        }
    }

    private void PackCodes(byte* block, int lane, byte* codes)
    {
        for (var group = 0; group < _layout.CodeGroups; group++, codes += GroupLayout.CodeInputs)
        {
            var target = (uint*)(block + (group * _layout.CodeBytes)) + lane;
            var plane = (uint*)(block + _layout.PlaneStart + (group * _layout.PlaneBytes)) + lane;
            switch (_layout.Format.CodeBits)
            {
                case 8:
                    Bytes((uint*)codes, target, _layout.Format.HasSignedCodes ? 0x80808080 : 0);
                    break;
                case 6:
                    Nibbles((uint*)codes, target);
                    PairsOfBits((uint*)codes, plane);
                    break;
                case 5:
                    Nibbles((uint*)codes, target);
                    *plane = FifthBits((uint*)codes);
                    break;
                default:
                    Nibbles((uint*)codes, target);
                    break;
            }
        }
    }

    private static void Bytes(uint* codes, uint* target, uint signs)
    {
        for (var i = 0; i < 8; i++)
            target[i * Width] = codes[i] ^ signs;
    }

    private static void Nibbles(uint* codes, uint* target)
    {
        for (var i = 0; i < 4; i++)
            target[i * Width] = (codes[i] & LowNibbles) | ((codes[i + 4] & LowNibbles) << 4);
    }

    private static uint FifthBits(uint* codes)
    {
        var bits = 0u;
        for (var s = 0; s < 8; s++)
            bits |= ((codes[s] >> 4) & 0x01010101) << s;

        return bits;
    }

    private static void PairsOfBits(uint* codes, uint* plane)
    {
        for (var half = 0; half < 2; half++)
        {
            var bits = 0u;
            for (var s = 0; s < 4; s++)
                bits |= ((codes[(4 * half) + s] >> 4) & 0x03030303) << (2 * s);

            plane[half * Width] = bits;
        }
    }

    private void PackScales(byte* block, int lane, int row, int number)
    {
        var at = (row * (_k / _layout.Format.BlockInputs)) + number;
        ((ushort*)(block + _layout.ScalesStart))[lane] = _rows.Scales[at];
        if (_layout.Format.HasMins)
            ((ushort*)(block + _layout.MinsStart))[lane] = _rows.Mins[at];

        if (_layout.Format.HasZeros)
            block[_layout.ZerosStart + lane] = _rows.Zeros[at];

        var groups = _layout.Groups;
        for (var group = 0; group < groups; group++)
            block[_layout.GroupScalesStart + (group * Width) + lane] = _rows.GroupScales[(at * groups) + group];

        for (var group = 0; _layout.Format.HasMins && group < groups; group++)
            block[_layout.GroupMinsStart + (group / 2 * 2 * Width) + (2 * lane) + (group % 2)] = _rows.GroupMins[(at * groups) + group];
    }
}
