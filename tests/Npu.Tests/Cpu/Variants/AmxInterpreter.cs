using AkkaCp.Npu.Cpu.Assembled;
using Iced.Intel;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>
/// Runs assembled AMX code on any processor: bytes are decoded, and instructions work on registers and tiles of their own and on the real
/// memory. It knows what the kernels use and nothing else; a register that a caller relies on must not be written.
/// </summary>
internal sealed unsafe class AmxInterpreter
{
    private static readonly Register[] s_mayChange =
        [Register.RAX, Register.RCX, Register.RDX, Register.RSI, Register.R8, Register.R9, Register.R10, Register.R11];

    private readonly Dictionary<AmxShape, Dictionary<ulong, Instruction>> _code = [];
    private readonly Dictionary<Register, long> _registers = [];
    private readonly AmxTileFile _tiles = new();
    private bool _zero;

    /// <summary>Assembles a product's code for all shapes and decodes it.</summary>
    public AmxInterpreter(WordProduct product)
    {
        foreach (var shape in Enum.GetValues<AmxShape>())
        {
            var decoder = Iced.Intel.Decoder.Create(64, AmxTileAssembler.Assemble(product, shape));
            _code[shape] = decoder.ToDictionary(instruction => instruction.IP);
            Assert.DoesNotContain(_code[shape].Values, instruction => instruction.IsInvalid);
        }
    }

    /// <summary>How often each instruction ran.</summary>
    public Dictionary<Mnemonic, int> Counts { get; } = [];

    /// <summary>Tiles that run their code here.</summary>
    public AmxTiles Tiles => new(Call);

    private void Call(AmxShape shape, TileArguments* task)
    {
        _registers.Clear();
        _registers[Register.RDI] = (long)task;
        var at = 0UL;
        while (_code[shape][at] is var instruction && instruction.Mnemonic != Mnemonic.Ret)
        {
            Counts[instruction.Mnemonic] = Counts.GetValueOrDefault(instruction.Mnemonic) + 1;
            at = Run(instruction) ? instruction.NearBranchTarget : instruction.NextIP;
        }

        Assert.False(_tiles.IsConfigured, "tiles are not released");
    }

    // True: go to the branch's target.
    private bool Run(in Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov or Mnemonic.Lea:
                Write(i, Read(i, 1));
                break;
            case Mnemonic.Add:
                Write(i, Read(i, 0) + Read(i, 1));
                break;
            case Mnemonic.Shl:
                Write(i, Read(i, 0) << (int)Read(i, 1));
                break;
            case Mnemonic.Dec:
                Write(i, Read(i, 0) - 1);
                _zero = Read(i, 0) == 0;
                break;
            case Mnemonic.Jne:
                return !_zero;
            case Mnemonic.Ldtilecfg:
                _tiles.Configure((byte*)Address(i));
                break;
            case Mnemonic.Tileloadd:
                _tiles.Load(Tile(i, 0), (byte*)TileAddress(i), Value(i.MemoryIndex));
                break;
            case Mnemonic.Tilestored:
                _tiles.Store(Tile(i, 1), (byte*)TileAddress(i), Value(i.MemoryIndex));
                break;
            case Mnemonic.Tdpbf16ps:
                _tiles.MultiplyBF16(Tile(i, 0), Tile(i, 1), Tile(i, 2));
                break;
            case Mnemonic.Tdpbusd:
                _tiles.MultiplyBytes(Tile(i, 0), Tile(i, 1), Tile(i, 2));
                break;
            case Mnemonic.Tilerelease:
                _tiles.Release();
                break;
            default:
                Assert.Fail($"The interpreter does not know '{i}'.");
                break;
        }

        return false;
    }

    private static int Tile(in Instruction i, int operand) => i.GetOpRegister(operand) - Register.TMM0;

    // A tile's memory: base and displacement are where it begins, the index register alone is the stride.
    private long TileAddress(in Instruction i)
    {
        Assert.Equal(1, i.MemoryIndexScale);
        return Value(i.MemoryBase) + (long)i.MemoryDisplacement64;
    }

    private long Address(in Instruction i) =>
        Value(i.MemoryBase) + (i.MemoryIndex == Register.None ? 0 : Value(i.MemoryIndex) * i.MemoryIndexScale)
            + (long)i.MemoryDisplacement64;

    private long Value(Register register)
    {
        Assert.True(_registers.ContainsKey(register.GetFullRegister()), $"{register} is read before it is written");
        return _registers[register.GetFullRegister()];
    }

    private long Read(in Instruction i, int operand) => i.GetOpKind(operand) switch
    {
        OpKind.Register => Value(i.GetOpRegister(operand)),
        OpKind.Memory when i.Mnemonic == Mnemonic.Lea => Address(i),
        OpKind.Memory => *(long*)Address(i),
        _ => (long)i.GetImmediate(operand),
    };

    private void Write(in Instruction i, long value)
    {
        var register = i.GetOpRegister(0).GetFullRegister();
        Assert.Contains(register, s_mayChange);
        _registers[register] = i.GetOpRegister(0).GetSize() == 4 ? (uint)value : value;
    }
}
