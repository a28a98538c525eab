using System.Globalization;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Testing;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace AkkaCp.Npu.Tests.Cpu.Variants;

/// <summary>Assembled tiles keep the calling convention, and their pages are never writable and executable at once.</summary>
public sealed unsafe class AssembledCodeTests
{
    private const ulong Guard = 0xA5A5_0000_5A5A_0000;
    private const int Steps = 11;

    // Rows are whole lines.
    private const int RowFloats = 32;

    // What a caller may rely on, as the thunk writes it down: rbx, r12 … r15, how far rsp and rbp are apart, and the flags.
    private const int Saved = 7;

    [Fact]
    public void EveryTile_LeavesTheCallersRegistersStackAndFlags()
    {
        var thunk = Map(GuardThunk());
        foreach (var tiles in AllTiles())
        {
            for (var rows = 1; rows <= tiles.MaxRows; rows++)
            {
                AssertKept((nint)tiles[rows, false], thunk, rows, 1, null);
                AssertKept((nint)tiles[rows, true], thunk, rows, tiles.PanelsFor(rows), null);
            }
        }

        foreach (var (tiles, layout) in AllGroupTiles())
        {
            for (var rows = 1; rows <= tiles.MaxRows; rows++)
            {
                AssertKept((nint)tiles[rows, false], thunk, rows, 1, layout);
                AssertKept((nint)tiles[rows, true], thunk, rows, 1, layout);
            }
        }
    }

    [Fact]
    public void Pages_AreReadableAndExecutable_NeverWritable()
    {
        foreach (var tiles in (TileCode[])[.. AllTiles(), .. AllGroupTiles().Select(pair => pair.Tiles)])
        {
            var found = 0;
            foreach (var line in File.ReadLines("/proc/self/maps"))
            {
                var (first, end, rights) = ParseMapping(line);
                if (first < (ulong)tiles.Address + (ulong)tiles.Length && end > (ulong)tiles.Address)
                {
                    Assert.Equal("r-xp", rights);
                    found++;
                }
            }

            Assert.Equal(1, found);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(0, 14)]
    [InlineData(1, 14)]
    [InlineData(2, 1)]
    [InlineData(2, 14)]
    public void Tiles_DecodeToTheProductsTheyAreNamedFor(int product, int rows)
    {
        var wanted = (WordProduct)product switch
        {
            WordProduct.BF16 => Mnemonic.Vdpbf16ps,
            WordProduct.I8 => Mnemonic.Vpdpbusd,
            _ => Mnemonic.Vfmadd231ps,
        };
        var decoder = Iced.Intel.Decoder.Create(64, TileAssembler.Assemble((WordProduct)product, rows, 1));
        var seen = new List<Mnemonic>();
        while (seen.LastOrDefault() != Mnemonic.Ret)
        {
            decoder.Decode(out var instruction);
            Assert.False(instruction.IsInvalid);
            seen.Add(instruction.Mnemonic);
        }

        Assert.Equal(Mnemonic.Vzeroupper, seen[^2]);
        Assert.Equal(0, seen.Count(m => m is Mnemonic.Push or Mnemonic.Pop));
        Assert.Equal(0, seen.Count(m => m == wanted) % (2 * rows));
        Assert.Contains(wanted, seen);
        Assert.All(seen, m => Assert.False((m is Mnemonic.Vdpbf16ps or Mnemonic.Vfmadd231ps or Mnemonic.Vpdpbusd) && m != wanted));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(0, 6)]
    [InlineData(1, 2)]
    [InlineData(1, 6)]
    [InlineData(2, 1)]
    [InlineData(2, 6)]
    public void NarrowTiles_HaveNoInstructionOfAvx512(int product, int rows)
    {
        var decoder = Iced.Intel.Decoder.Create(
            64, YmmTileAssembler.Assemble((WordProduct)product, rows, YmmTileAssembler.PanelsFor(rows), alone: true));
        var instructions = decoder.ToList();
        Assert.All(instructions, i => Assert.True(i.Encoding is EncodingKind.VEX or EncodingKind.Legacy, $"{i}"));
        Assert.Contains(instructions, i => i.Mnemonic == (product == (int)WordProduct.I8 ? Mnemonic.Vpdpbusd : Mnemonic.Vfmadd231ps));
        Assert.Equal((Mnemonic.Vzeroupper, Mnemonic.Ret), (instructions[^2].Mnemonic, instructions[^1].Mnemonic));
    }

    [Fact]
    public void NarrowTilesOfGroups_HaveNoInstructionOfAvx512_OrVnni()
    {
        foreach (var layout in GroupLayout.All)
        {
            for (var rows = 1; rows <= YmmGroupTileAssembler.MaxRowsOf(layout); rows++)
                AssertPlainAvx2(YmmGroupTileAssembler.Assemble(layout, rows, alone: rows % 2 == 0));
        }
    }

    [Fact]
    public void NarrowTilesOfBytes_HaveNoInstructionOfAvx512_OrVnni()
    {
        for (var rows = 1; rows <= YmmI8TileAssembler.MaxRows; rows++)
            AssertPlainAvx2(YmmI8TileAssembler.Assemble(rows, alone: rows % 2 == 0));
    }

    private static void AssertPlainAvx2(byte[] code)
    {
        var instructions = Iced.Intel.Decoder.Create(64, code).ToList();
        Assert.All(instructions, i => Assert.True(i.Encoding is EncodingKind.VEX or EncodingKind.Legacy, $"{i}"));
        Assert.DoesNotContain(instructions, i => i.Mnemonic is Mnemonic.Vpdpbusd or Mnemonic.Push or Mnemonic.Pop);
        Assert.Contains(instructions, i => i.Mnemonic == Mnemonic.Vpmaddubsw);
        Assert.Equal((Mnemonic.Vzeroupper, Mnemonic.Ret), (instructions[^2].Mnemonic, instructions[^1].Mnemonic));
    }

    private static List<(TileCode Tiles, GroupLayout Layout)> AllGroupTiles() =>
    [
        .. from variant in KernelCatalogue.Machine.Available
           from layout in GroupLayout.All
           let tiles = variant.Integers.Groups[layout.Format.DType].Tiles as TileCode
           where tiles is not null
           select (tiles, layout),
    ];

    private static List<TileCode> AllTiles()
    {
        var tiles = new List<ProductTiles>();
        foreach (var variant in KernelCatalogue.Machine.Available)
        {
            tiles.AddRange(variant switch
            {
                AssembledKernels kernels => [kernels.F32Tiles, kernels.BF16Tiles, kernels.F8Tiles!],
                Avx2Kernels kernels => [kernels.F32Tiles, kernels.BF16Tiles],
                _ => [],
            });
            tiles.AddRange(variant.Integers.I8 is AssembledI8Kernels bytes ? [bytes.Tiles] : []);
        }

        Assert.SkipWhen(tiles.Count == 0, KernelCatalogue.Machine.Choose(null, "test").Choice.Reason);
        return [.. tiles.OfType<TileCode>().Distinct()];
    }

    private static void AssertKept(nint tile, byte* thunk, int rows, int panels, GroupLayout? layout)
    {
        var n = 32 * panels;
        var k = Steps * (layout?.Format.BlockInputs ?? 1);
        var rowFloats = layout is null ? RowFloats : (int)layout.RowBytes(k) / 4;
        var panelFloats = layout is null ? Steps * 32 : (int)layout.PanelBytes(k) / 4;
        float[] x = new float[rows * rowFloats], w = new float[panels * panelFloats], start = new float[n], y = new float[rows * n];
        var rng = new Rng((ulong)rows);
        rng.Floats(x.Length).CopyTo(x, 0);
        rng.Floats(w.Length).CopyTo(w, 0);
        Array.Fill(start, 1f);
        var kept = stackalloc ulong[Saved];
        var ymm0 = stackalloc byte[32];
        fixed (float* px = x, pw = w, ps = start, py = y)
        {
            var arguments = new TileArguments
            {
                X = (byte*)px,
                XStride = rowFloats * 4,
                Side = (byte*)px + GroupLayout.SideStart(k),
                Panel = (byte*)pw,
                PanelBytes = panelFloats * 4,
                Count = Steps,
                Start = ps,
                StartStride = 0,
                Y = py,
                YStride = n * 4,
                Ahead = (byte*)pw,
            };
            ((delegate* unmanaged<nint, TileArguments*, ulong*, byte*, void>)thunk)(tile, &arguments, kept, ymm0);
        }

        for (var i = 0; i < 5; i++)
            Assert.Equal(Guard + (uint)i, kept[i]);

        Assert.Equal((0UL, 0UL), (kept[5], kept[6]));
        Assert.True(new ReadOnlySpan<byte>(ymm0 + 16, 16).IndexOfAnyExcept((byte)0) < 0, $"{rows} rows: upper halves are left dirty");
        Assert.All(y, value => Assert.NotEqual(0f, value));
    }

    // thunk(tile, arguments, kept, ymm0): fills what a callee must keep with guards, calls the tile, writes down what it finds.
    private static byte[] GuardThunk()
    {
        AssemblerRegister64[] kept = [rbx, r12, r13, r14, r15];
        var asm = new Assembler(64);
        foreach (var register in (AssemblerRegister64[])[rbx, rbp, r12, r13, r14, r15, rcx, rdx])
            asm.push(register);

        // An even number of pushes on top of the return address: one more word aligns the stack for the call.
        asm.sub(rsp, 8);
        asm.mov(rbp, rsp);
        for (var i = 0; i < kept.Length; i++)
            asm.mov(kept[i], Guard + (ulong)i);

        asm.mov(rax, rdi);
        asm.mov(rdi, rsi);
        asm.call(rax);
        asm.mov(rax, __qword_ptr[rsp + 8]);
        for (var i = 0; i < kept.Length; i++)
            asm.mov(__qword_ptr[rax + (8 * i)], kept[i]);

        asm.mov(rdx, rsp);
        asm.sub(rdx, rbp);
        asm.mov(__qword_ptr[rax + 40], rdx);
        asm.pushfq();
        asm.pop(rdx);
        asm.and(rdx, 0x400);
        asm.mov(__qword_ptr[rax + 48], rdx);
        asm.mov(rcx, __qword_ptr[rsp + 16]);
        asm.vmovups(__ymmword_ptr[rcx], AssemblerRegisters.ymm0);
        asm.vzeroupper();
        asm.add(rsp, 24);
        foreach (var register in (AssemblerRegister64[])[r15, r14, r13, r12, rbp, rbx])
            asm.pop(register);

        asm.ret();
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private static byte* Map(byte[] code)
    {
        Assert.True(new LinuxCodeMemory().TryMap(code, out var address, out var refusal), refusal);
        return address;
    }

    private static (ulong First, ulong End, string Rights) ParseMapping(string line)
    {
        var (dash, space) = (line.IndexOf('-', StringComparison.Ordinal), line.IndexOf(' ', StringComparison.Ordinal));
        return (ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            line.Substring(space + 1, 4));
    }
}
