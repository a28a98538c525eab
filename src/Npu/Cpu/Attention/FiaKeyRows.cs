using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Where the keys and values of a block lie, for the first key/value head of a task, and those of the block after it, so that they
/// are asked for while this one is computed. Both arrays hold two blocks.
/// </summary>
internal unsafe struct FiaKeyRows(byte** keys, byte** values)
{
    /// <summary>Addresses of this block's keys.</summary>
    public byte** Keys { get; private set; } = keys;

    /// <summary>Addresses of this block's values.</summary>
    public byte** Values { get; private set; } = values;

    /// <summary>Addresses of the next block's keys.</summary>
    public byte** NextKeys { get; private set; } = keys + Fia.Block;

    /// <summary>Addresses of the next block's values.</summary>
    public byte** NextValues { get; private set; } = values + Fia.Block;

    /// <summary>Elements from the first key/value head's keys to those of another.</summary>
    public static nint KeyOffset(in FiaProblem problem, int head) => (nint)problem.KeyStrides.Head * head;

    /// <summary>Elements from the first key/value head's values to those of another.</summary>
    public static nint ValueOffset(in FiaProblem problem, int head) => (nint)problem.ValueStrides.Head * head;

    /// <summary>
    /// Finds the block at key <paramref name="first"/>. Keys outside [low, end) are seen by no row: their slots may hold anything,
    /// so the nearest one inside stands in for them.
    /// </summary>
    public readonly void Locate<TElement>(in FiaProblem problem, in FiaTask task, int first, int low, int end)
        where TElement : struct, IKvElement => Locate<TElement>(problem, task, first, low, end, Keys, Values);

    /// <summary>Finds the block behind the one at <paramref name="first"/>; when there is none, names this block's again.</summary>
    public readonly void LocateNext<TElement>(in FiaProblem problem, in FiaTask task, int first, int end)
        where TElement : struct, IKvElement
    {
        var next = first + Fia.Block < end ? first + Fia.Block : first;
        Locate<TElement>(problem, task, next, next, end, NextKeys, NextValues);
    }

    /// <summary>Asks for a part of the next block's rows of one key/value head.</summary>
    /// <param name="part">Which of <paramref name="parts"/>.</param>
    /// <param name="parts">How many there are.</param>
    /// <param name="keyOffset">Bytes to the head's keys.</param>
    /// <param name="valueOffset">Bytes to the head's values.</param>
    /// <param name="rowBytes">Bytes of a key, and of a value.</param>
    public readonly void AskNext(int part, int parts, nint keyOffset, nint valueOffset, int rowBytes)
    {
        for (var k = Fia.Block * part / parts; k < Fia.Block * (part + 1) / parts; k++)
        {
            for (var at = 0; at < rowBytes; at += Prefetch.Line)
            {
                Prefetch.IntoL2(NextKeys[k] + keyOffset + at);
                Prefetch.IntoL2(NextValues[k] + valueOffset + at);
            }
        }
    }

    /// <summary>The next block becomes this one.</summary>
    public void Advance()
    {
        var (passedKeys, passedValues) = ((nint)Keys, (nint)Values);
        Keys = NextKeys;
        Values = NextValues;
        NextKeys = (byte**)passedKeys;
        NextValues = (byte**)passedValues;
    }

    private static void Locate<TElement>(
        in FiaProblem problem, in FiaTask task, int first, int low, int end, byte** keys, byte** values)
        where TElement : struct, IKvElement
    {
        // Pages start at multiples of 16 keys, as blocks do.
        const int Run = 16;
        var (keyStep, valueStep) = ((nint)problem.KeyStrides.Token * TElement.Bytes, (nint)problem.ValueStrides.Token * TElement.Bytes);
        var last = Math.Min(end - first, Fia.Block);
        for (var k = Math.Max(low - first, 0); k < last; k++)
        {
            if (k % Run != 0 && first + k > low)
            {
                keys[k] = keys[k - 1] + keyStep;
                values[k] = values[k - 1] + valueStep;
                continue;
            }

            keys[k] = problem.Key + (problem.KeyAt(problem.KeyStrides, task.Request, first + k, task.FirstKvHead) * TElement.Bytes);
            values[k] = problem.Value + (problem.KeyAt(problem.ValueStrides, task.Request, first + k, task.FirstKvHead) * TElement.Bytes);
        }

        for (var k = 0; k < low - first; k++)
        {
            keys[k] = keys[low - first];
            values[k] = values[low - first];
        }

        for (var k = last; k < Fia.Block; k++)
        {
            keys[k] = keys[last - 1];
            values[k] = values[last - 1];
        }
    }
}
