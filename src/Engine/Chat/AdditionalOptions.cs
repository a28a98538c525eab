using System.Globalization;
using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Text.Templates;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Options that the abstractions have no property for, by the names that requests over HTTP have.</summary>
internal sealed class AdditionalOptions
{
    private const string Owner = "AdditionalProperties";

    /// <exception cref="NotSupportedException">A property of another name.</exception>
    /// <exception cref="GenerationException">Invalid: a property of the wrong type.</exception>
    public AdditionalOptions(AdditionalPropertiesDictionary? properties)
    {
        var kwargs = new Dictionary<string, JsonElement>();
        foreach (var (key, value) in properties ?? [])
        {
            if (value is null)
                continue;
            var json = JsonOf.Property(Owner, key, value);
            switch (key)
            {
                case "min_p":
                    MinP = Number(key, json);
                    break;
                case "repetition_penalty":
                    RepetitionPenalty = Number(key, json);
                    break;
                case ChatTemplateInput.Thinking:
                    EnableThinking = Boolean(key, json);
                    break;
                case "ignore_eos":
                    IgnoreEos = Boolean(key, json);
                    break;
                case "logit_bias":
                    LogitBias = Fields(key, json).ToDictionary(field => TokenId(field.Name), field => Number(key, field.Value));
                    break;
                case ReasoningEfforts.Variable:
                    kwargs.TryAdd(key, json);
                    break;
                case "chat_template_kwargs":
                    foreach (var field in Fields(key, json))
                        kwargs[field.Name] = field.Value;
                    break;
                default:
                    throw new NotSupportedException(
                        $"{Owner}[\"{key}\"]: expected min_p, repetition_penalty, logit_bias, "
                            + $"ignore_eos, enable_thinking, reasoning_effort or "
                        + "chat_template_kwargs; the engine has no such option");
            }
        }

        ChatTemplateKwargs = kwargs;
    }

    public float? MinP { get; }

    public float? RepetitionPenalty { get; }

    public bool? EnableThinking { get; }

    public bool? IgnoreEos { get; }

    public IReadOnlyDictionary<int, float>? LogitBias { get; }

    public IReadOnlyDictionary<string, JsonElement> ChatTemplateKwargs { get; }

    private static float Number(string key, JsonElement json) =>
        json.ValueKind == JsonValueKind.Number ? json.GetSingle() : throw Wrong(key, "a number", json);

    private static bool Boolean(string key, JsonElement json) =>
        json.ValueKind is JsonValueKind.True or JsonValueKind.False ? json.GetBoolean() : throw Wrong(key, "true or false", json);

    private static JsonElement.ObjectEnumerator Fields(string key, JsonElement json) =>
        json.ValueKind == JsonValueKind.Object ? json.EnumerateObject() : throw Wrong(key, "an object", json);

    private static int TokenId(string name) => int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
        ? id
        : throw new GenerationException(
            FailureKind.Invalid, $"{Owner}[\"logit_bias\"] must have token ids as keys, found \"{Prompting.Shown.Start(name)}\"");

    private static GenerationException Wrong(string key, string expected, JsonElement json) =>
        new(FailureKind.Invalid, $"{Owner}[\"{key}\"] must be {expected}, found {Prompting.Shown.Start(json.GetRawText())}");
}
