using System.Runtime.Serialization;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;
using Xunit;

namespace AkkaCp.Actors.Tests.Wire;

public class FragmentAssemblerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(FragmentAssembler.FragmentBytes)]
    [InlineData(FragmentAssembler.FragmentBytes + 1)]
    [InlineData(1_000_003)]
    public void Parts_InAnyOrderAndTwice_GiveTheWholeOnce(int length)
    {
        var whole = new byte[length];
        new Random(1).NextBytes(whole);
        var fragments = LargeMessages.Cut(whole, "m/1").ToArray();
        var assembler = new FragmentAssembler();
        foreach (var fragment in fragments.Skip(1).Reverse().Concat(fragments.Skip(1)))
            Assert.Null(assembler.Add(fragment));
        Assert.Equal(whole, assembler.Add(fragments[0]));
        Assert.Equal(0, assembler.Count);
    }

    [Fact]
    public void ManyUnfinishedMessages_CostBoundedMemory()
    {
        var assembler = new FragmentAssembler(mostMessages: 4, mostBytes: 10 * FragmentAssembler.FragmentBytes);
        for (var i = 0; i < 100; i++)
        {
            foreach (var fragment in LargeMessages.Cut(new byte[5 * FragmentAssembler.FragmentBytes], "m/1").Take(4))
                assembler.Add(fragment);
            Assert.InRange(assembler.Count, 1, 4);
        }
    }

    [Fact]
    public void MessageThatNeverGetsItsLastPart_IsDroppedInTime()
    {
        var assembler = new FragmentAssembler();
        var fragments = LargeMessages.Cut(new byte[100_000], "m/1").ToArray();
        assembler.Add(fragments[0]);
        for (var tick = 0; tick <= 30; tick++)
            assembler.Tick();
        Assert.Equal(0, assembler.Count);
        Assert.Null(assembler.Add(fragments[1]));
    }

    [Fact]
    public void PartThatCannotBe_IsRefusedBeforeMemoryIsTaken()
    {
        var assembler = new FragmentAssembler();
        foreach (var (index, count) in new[] { (0, 0), (0, -1), (-1, 2), (2, 2), (0, int.MaxValue) })
        {
            Assert.Throws<SerializationException>(
                () => assembler.Add(new FragmentProtocol.Fragment(Guid.NewGuid(), index, count, "m/1", [1])));
        }

        var id = Guid.NewGuid();
        assembler.Add(new FragmentProtocol.Fragment(id, 0, 3, "m/1", [1]));
        Assert.Throws<SerializationException>(() => assembler.Add(new FragmentProtocol.Fragment(id, 1, 4, "m/1", [1])));
        Assert.Throws<SerializationException>(() => assembler.Add(new FragmentProtocol.Fragment(id, 1, 3, "m/2", [1])));
    }
}
