using System.Collections;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's range: its items are computed when they are asked for.</summary>
internal sealed class RangeValue(BigInteger start, BigInteger stop, BigInteger step, int count)
    : SequenceValue(new Steps(start, step, count), SequenceKind.Range)
{
    public BigInteger Start => start;

    public BigInteger Stop => stop;

    public BigInteger Step => step;

    public override TemplateValue? Attribute(string name) => name switch
    {
        "start" => new IntegerValue(start),
        "stop" => new IntegerValue(stop),
        "step" => new IntegerValue(step),
        _ => null,
    };

    /// <summary>How many items a range has, of whatever size.</summary>
    public static BigInteger Count(BigInteger start, BigInteger stop, BigInteger step)
    {
        var distance = step.Sign > 0 ? stop - start : start - stop;
        return distance.Sign <= 0 ? BigInteger.Zero : (distance - 1) / BigInteger.Abs(step) + 1;
    }

    public bool Contains(BigInteger value) =>
        ((value - start) % step).IsZero && (step.Sign > 0 ? value >= start && value < stop : value <= start && value > stop);

    private sealed class Steps(BigInteger start, BigInteger step, int count) : IReadOnlyList<TemplateValue>
    {
        public int Count => count;

        public TemplateValue this[int index] => new IntegerValue(start + step * index);

        public IEnumerator<TemplateValue> GetEnumerator()
        {
            for (var i = 0; i < count; i++)
                yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
