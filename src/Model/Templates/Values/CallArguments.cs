using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>The evaluated arguments of a call.</summary>
internal sealed record CallArguments(IReadOnlyList<TemplateValue> Positional, IReadOnlyList<(string Name, TemplateValue Value)> Named)
{
    public static CallArguments None { get; } = new([], []);

    /// <summary>The arguments by parameter; an argument that was not given is null.</summary>
    /// <exception cref="TemplateError">Too many arguments, an unknown name, or one given twice.</exception>
    public TemplateValue?[] Bind(string callee, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new TemplateError($"{callee}() takes at most {parameters.Length} arguments, found {Positional.Count}");
        var bound = new TemplateValue?[parameters.Length];
        for (var i = 0; i < Positional.Count; i++)
            bound[i] = Positional[i];
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

    /// <summary>The arguments without the first <paramref name="count"/> positional ones.</summary>
    public CallArguments After(int count) => new([.. Positional.Skip(count)], Named);
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

    /// <summary>The integer, held to the range of an int; <paramref name="absent"/> where the argument is absent or none.</summary>
    public static int AsInteger(this TemplateValue? value, string callee, string parameter, int absent) => value switch
    {
        null or NoneValue => absent,
        IntegerValue integer => (int)BigInteger.Clamp(integer.Value, int.MinValue, int.MaxValue),
        BooleanValue boolean => boolean.Value ? 1 : 0,
        _ => throw new TemplateError($"{callee}(): argument '{parameter}' must be an integer, found '{value.TypeName}'"),
    };

    public static bool AsFlag(this TemplateValue? value, bool absent = false) => value?.IsTruthy ?? absent;
}
