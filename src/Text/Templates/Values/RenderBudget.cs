using System.Numerics;
using System.Runtime.CompilerServices;

namespace AkkaCp.Text.Templates;

/// <summary>Counts what a rendering uses and stops it at its limits, before the memory in question is taken.</summary>
internal sealed class RenderBudget(TemplateLimits limits)
{
    /// <summary>Work is counted in characters copied, so that many short texts cost what one long text does.</summary>
    private const int CharsPerStep = 8;
    private const int CharsPerItem = 32;
    private const int WordBits = 32;
    private const int DigitsSquaredPerChar = 128;

    private readonly long _most = limits.MaxSteps > long.MaxValue / CharsPerStep ? long.MaxValue : limits.MaxSteps * CharsPerStep;
    private long _spent;
    private int _depth;

    public int MaxChars => limits.MaxOutputChars;

    public void Step() => Spend(CharsPerStep);

    /// <summary>Before a text of <paramref name="chars"/> UTF-16 units is made or read through.</summary>
    public void Text(long chars)
    {
        if (chars > limits.MaxOutputChars)
            throw new TemplateError($"a text of {chars} characters is longer than the limit of {limits.MaxOutputChars}");
        Spend(chars);
    }

    /// <summary>Before a list of <paramref name="count"/> items is made or walked through.</summary>
    public void Items(long count) => Spend(count > _most ? _most : count * CharsPerItem);

    /// <summary>Before a key is hashed or looked up: once through all that it holds.</summary>
    public void Key(TemplateValue key)
    {
        switch (key)
        {
            case StringValue text:
                Text(text.Value.Length);
                break;
            case SequenceValue { Kind: SequenceKind.Tuple } tuple:
                Enter();
                foreach (var item in tuple.Items)
                    Key(item);
                Leave();
                break;
            case SequenceValue sequence:
                Items(sequence.Items.Count);
                break;
        }
    }

    /// <summary>Before two integers meet: long ones cost the product of their words.</summary>
    public void Number(BigInteger a, BigInteger b) => Spend(a.GetBitLength() / WordBits * (b.GetBitLength() / WordBits));

    /// <summary>Before a long integer becomes text, or text one.</summary>
    public void Digits(long count) => Spend(count + count * count / DigitsSquaredPerChar);

    public void Enter()
    {
        Spend(CharsPerStep);
        if (++_depth > limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError($"nested deeper than {limits.MaxDepth}");
    }

    public void Leave() => _depth--;

    private void Spend(long chars)
    {
        _spent += chars;
        if (_spent > _most || _spent < 0)
            throw new TemplateError($"more work than the limit of {limits.MaxSteps} steps");
    }
}
