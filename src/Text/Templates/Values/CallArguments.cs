using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>The evaluated arguments of a call.</summary>
internal sealed record CallArguments(IReadOnlyList<TemplateValue> Positional, IReadOnlyList<(string Name, TemplateValue Value)> Named)
{
    public static CallArguments None { get; } = new([], []);

    /// <summary>The arguments by parameter; an argument that was not given is null.</summary>
    /// <exception cref="TemplateError">Too many arguments, an unknown name, or one given twice.</exception>
    public TemplateValue?[] Bind(string callee, params ReadOnlySpan<string> parameters)
    {
        var bound = Fill(callee, parameters.Length);
        foreach (var (name, value) in Named)
        {
            var index = parameters.IndexOf(name);
            if (index < 0)
                throw new TemplateError($"{callee}() has no argument '{name}'");
            if (bound[index] is not null)
                throw new TemplateError($"{callee}() has two values for the argument '{name}'");
            bound[index] = value;
        }

        return bound;
    }

    /// <summary>Arguments that have no names, as of most methods written in C; one that was not given is null.</summary>
    /// <exception cref="TemplateError">Too few, too many, or one with a name.</exception>
    public TemplateValue?[] Between(string callee, int least, int most)
    {
        if (AllPositional(callee).Count < least)
            throw new TemplateError($"{callee}() takes at least {least} arguments, found {Positional.Count}");
        return Fill(callee, most);
    }

    /// <summary>Any number of arguments without names.</summary>
    public IReadOnlyList<TemplateValue> AllPositional(string callee) => Named.Count == 0
        ? Positional
        : throw new TemplateError($"{callee}() takes no arguments by name, found '{Named[0].Name}'");

    /// <summary>Exactly so many arguments without names.</summary>
    public IReadOnlyList<TemplateValue> Exactly(string callee, int count)
    {
        Between(callee, count, count);
        return Positional;
    }

    /// <summary>The arguments without the first <paramref name="count"/> positional ones.</summary>
    public CallArguments After(int count) => new([.. Positional.Skip(count)], Named);

    private TemplateValue?[] Fill(string callee, int most)
    {
        if (Positional.Count > most)
            throw new TemplateError($"{callee}() takes at most {most} arguments, found {Positional.Count}");
        var bound = new TemplateValue?[most];
        for (var i = 0; i < Positional.Count; i++)
            bound[i] = Positional[i];
        return bound;
    }
}

/// <summary>Reads bound arguments as the types that a built-in needs.</summary>
internal static class BoundArgument
{
    public static TemplateValue Required(this TemplateValue? value, string callee, string parameter) =>
        value ?? throw new TemplateError($"{callee}() needs the argument '{parameter}'");

    public static string AsText(this TemplateValue? value, string callee, string parameter) =>
        value.Required(callee, parameter) is StringValue text
            ? text.Value
            : throw new TemplateError($"{callee}(): argument '{parameter}' must be a string, found '{value!.TypeName}'");

    /// <summary>The text, or null where the argument is absent or none.</summary>
    public static string? AsOptionalText(this TemplateValue? value, string callee, string parameter) =>
        value is null or NoneValue ? null : value.AsText(callee, parameter);

    /// <summary>The integer, held to the range of an int; <paramref name="absent"/> where the argument is absent.</summary>
    public static int AsInteger(this TemplateValue? value, string callee, string parameter, int absent) => value switch
    {
        null => absent,
        IntegerValue or BooleanValue => (int)BigInteger.Clamp(Numbers.ToInteger((NumberValue)value), int.MinValue, int.MaxValue),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        _ => throw new TemplateError($"{callee}(): argument '{parameter}' must be an integer, found '{value.TypeName}'"),
    };

    /// <summary>The integer, or null where the argument is absent or none.</summary>
    public static int? AsOptionalInteger(this TemplateValue? value, string callee, string parameter) =>
        value is null or NoneValue ? null : value.AsInteger(callee, parameter, 0);

    public static bool AsFlag(this TemplateValue? value, bool absent = false) => value?.IsTruthy ?? absent;
}
