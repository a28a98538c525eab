using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Model.Templates;

namespace AkkaCp.Serving.Commands;

/// <summary><c>akkacp render</c>: the prompt text that the chat template gives.</summary>
internal static class RenderCommand
{
    private static readonly Option<string> s_messages = new Option<string>("--messages")
    {
        Description = "JSON file: an object with messages, optionally tools, add_generation_prompt, enable_thinking.",
        Required = true,
    }.TakesPath();

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };

    public static Command Create(CommandIo io)
    {
        var command = new Command("render", "Prints the prompt text that the chat template gives. Needs no weights.")
        {
            s_messages, CommonOptions.Model,
        };
        command.SetAction(parsed => Run(parsed, io));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io)
    {
        var file = parsed.GetRequiredValue(s_messages);
        var input = Input(file, InputFile.ReadJson("--messages", file));
        io.Out.Write(ChatTemplate.Load(ModelDirectory.Find(parsed.GetValue(CommonOptions.Model))).Render(input));
        return ErrorReport.Success;
    }

    private static IReadOnlyList<JsonNode?>? Tools(string file, JsonNode? tools) => tools switch
    {
        null or JsonArray { Count: 0 } => null,
        JsonArray array => [.. array],
        _ => throw new UsageException($"--messages: expected an array tools in {file}, found {tools.GetValueKind()}"),
    };

    private static ChatTemplateInput Input(string file, string text)
    {
        try
        {
            if (JsonNode.Parse(text, documentOptions: s_options) is not JsonObject json)
                throw new UsageException($"--messages: expected an object with messages in {file}, found no object");
            return new ChatTemplateInput
            {
                Messages = json["messages"] is JsonArray messages
                    ? [.. messages]
                    : throw new UsageException($"--messages: expected an array messages in {file}, found none"),
                Tools = Tools(file, json["tools"]),
                AddGenerationPrompt = json["add_generation_prompt"]?.GetValue<bool>() ?? true,
                EnableThinking = json["enable_thinking"]?.GetValue<bool>(),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new UsageException($"--messages: expected JSON in {file}, found: {error.Message}");
        }
    }
}
