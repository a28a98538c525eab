using System.Numerics;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Joining and repeating texts, lists and tuples.</summary>
internal static class Concatenation
{
    public static TemplateValue Join(RenderContext context, TemplateValue left, TemplateValue right) => (left, right) switch
    {
        (MarkupValue a, StringValue b) => new MarkupValue(Join(context, a.Value, Html.Escape(context, b).Value)),
        (StringValue a, MarkupValue b) => new MarkupValue(Join(context, Html.Escape(context, a).Value, b.Value)),
        (StringValue a, StringValue b) => new StringValue(Join(context, a.Value, b.Value)),
        (SequenceValue { Kind: not SequenceKind.Range } a, SequenceValue b) when a.Kind == b.Kind => Join(context, a, b),
        (BytesValue a, BytesValue b) => Join(context, a, b),
        _ => throw Arithmetic.Mismatch("+", left, right),
    };

    public static TemplateValue Repeat(RenderContext context, TemplateValue left, TemplateValue right) => (left, right) switch
    {
        (_, IntegerValue or BooleanValue) when CanRepeat(left) => Repeat(context, left, Times(right)),
        (IntegerValue or BooleanValue, _) when CanRepeat(right) => Repeat(context, right, Times(left)),
        _ => throw Arithmetic.Mismatch("*", left, right),
    };

    private static bool CanRepeat(TemplateValue value) => value is StringValue or SequenceValue { Kind: not SequenceKind.Range };

    private static long Times(TemplateValue count)
    {
        var times = Numbers.ToInteger((NumberValue)count);
        return times.GetBitLength() < 64
            ? (long)BigInteger.Clamp(times, 0, int.MaxValue)
            : throw new TemplateError("a number of repetitions is too large");
    }

    private static string Join(RenderContext context, string left, string right)
    {
        context.Budget.Text((long)left.Length + right.Length);
        return left + right;
    }

    private static SequenceValue Join(RenderContext context, SequenceValue left, SequenceValue right)
    {
        context.Budget.Items((long)left.Items.Count + right.Items.Count);
        return new SequenceValue([.. left.Items, .. right.Items], left.Kind);
    }

    private static BytesValue Join(RenderContext context, BytesValue left, BytesValue right)
    {
        context.Budget.Text((long)left.Bytes.Length + right.Bytes.Length);
        return new BytesValue([.. left.Bytes, .. right.Bytes]);
    }

    private static TemplateValue Repeat(RenderContext context, TemplateValue value, long times)
    {
        if (value is StringValue text)
        {
            context.Budget.Text(times * text.Value.Length);
            return text.With(new StringBuilder().Insert(0, text.Value, text.Value.Length == 0 ? 0 : (int)times).ToString());
        }

        var sequence = (SequenceValue)value;
        context.Budget.Items(times * sequence.Items.Count);
        var items = new List<TemplateValue>();
        for (var i = 0; i < times && sequence.Items.Count > 0; i++)
            items.AddRange(sequence.Items);
        return new SequenceValue(items, sequence.Kind);
    }
}
