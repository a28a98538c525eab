using System.Runtime.CompilerServices;

namespace AkkaCp.Model.Templates;

/// <summary>Counts what a rendering uses and stops it at its limits, before the memory in question is taken.</summary>
internal sealed class RenderBudget(TemplateLimits limits)
{
    private const int CharsPerStep = 8;
    private const int StepsPerItem = 4;

    private long _steps;
    private int _depth;

    public int MaxChars => limits.MaxOutputChars;

    public void Step() => Spend(1);

    /// <summary>Before a text of <paramref name="chars"/> UTF-16 units is made or read through.</summary>
    public void Text(long chars)
    {
        if (chars > limits.MaxOutputChars)
            throw new TemplateError($"a text of {chars} characters is longer than the limit of {limits.MaxOutputChars}");
        Spend(chars / CharsPerStep);
    }

    /// <summary>Before a list of <paramref name="count"/> items is made or walked through.</summary>
    public void Items(long count) => Spend(count > limits.MaxSteps ? count : count * StepsPerItem);

    public void Enter()
    {
        Spend(1);
        if (++_depth > limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateError($"nested deeper than {limits.MaxDepth}");
    }

    public void Leave() => _depth--;

    private void Spend(long steps)
    {
        _steps += steps;
        if (_steps > limits.MaxSteps)
            throw new TemplateError($"more work than the limit of {limits.MaxSteps} steps");
    }
}
