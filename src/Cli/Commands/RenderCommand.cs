using System.CommandLine;
using AkkaCp.Model;
using AkkaCp.Text.Templates;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp render</c>: the prompt text that the chat template gives.</summary>
internal static class RenderCommand
{
    private static readonly Option<string> s_messages = new Option<string>("--messages")
    {
        Description = "JSON file: an object with messages, optionally tools, chat_template_kwargs, add_generation_prompt, enable_thinking.",
        Required = true,
    }.TakesPath();

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
        var input = MessagesFile.Parse(file, InputFile.ReadJson("--messages", file));
        var template = ChatTemplate.Load(ModelFiles.Of(ModelDirectory.Find(parsed.GetValue(CommonOptions.Model))));
        var text = template.Render(input);
        if (template.DropsTools(input, text))
        {
            io.Error.WriteLine($"akkacp: the chat template has no place for tools: "
                + $"all {input.Tools!.Count} are left out, and the engine refuses such a request");
        }

        io.Out.Write(text);
        return ErrorReport.Success;
    }
}
